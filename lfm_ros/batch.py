"""What a caller hands to the lifter, checked and made rectangular."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.rig_tables import RigTables, rig_tables
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.cues import Cues, KnownSize, as_numbers, make_cues
from lfm_ros.pixel_doubts import warn_of_shares
from lfm_ros.skeletons import load_skeleton

Array = NDArray[np.float64]
# No image is this wide, and squares of such numbers still fit into float32.
_FARTHEST_PIXEL = 1e9
SkeletonLike = str | PathLike[str] | Skeleton | None
_SKELETON = (str, PathLike, Skeleton)


@dataclass(frozen=True)
class Batch:
    """Instances of several rigs, padded to the largest. B instances, S rigs, K keypoints.

    Attributes:
        pixels: (B, K, 2) float64; zeros where not observed.
        confidence: (B, K) float32; 0 where not observed.
        observed: (B, K) bool, which keypoints were seen.
        rigs: The S different rigs; None for unknown edges.
        rig_index: (B,) int64 into ``rigs``.
        tables: Of the rigs.
        cameras: B cameras, or None.
        up: (B, 3), longer than zero, or None.
        cues: What is known of metres.
    """

    pixels: Array
    confidence: NDArray[np.float32]
    observed: NDArray[np.bool_]
    rigs: tuple[Skeleton | None, ...]
    rig_index: NDArray[np.int64]
    tables: RigTables
    cameras: Sequence[Intrinsics] | None
    up: Array | None
    cues: Cues

    @property
    def in_rig(self) -> NDArray[np.bool_]:
        """(B, K) False for padding."""
        return self.tables.in_rig[self.rig_index]

    @property
    def sides(self) -> NDArray[np.float32]:
        """(B, K) 1 for keypoints on the left of the object, -1 on the right, else 0."""
        return self.tables.sides[self.rig_index]

    @property
    def joined(self) -> NDArray[np.bool_]:
        """(B, K) whether an edge ends at a keypoint."""
        return self.tables.joined[self.rig_index]

    @property
    def contact_heights(self) -> Array:
        """(B, K) metres of each keypoint above the ground it stands on, NaN if it cannot stand."""
        heights = np.full((len(self.rigs), self.pixels.shape[1]), np.nan)
        for row, rig in zip(heights, self.rigs, strict=True):
            row[: None if rig is None else len(rig)] = 0.0 if rig is None else rig.contact_heights
        return heights[self.rig_index]

    @property
    def surface_depth(self) -> Array:
        """(B,) metres from the surface to the keypoints."""
        behind = [0.0 if rig is None else rig.surface_depth for rig in self.rigs]
        return np.array(behind)[self.rig_index]

    def rows(self, keep: NDArray[np.int64]) -> Batch:
        """Some of the instances."""
        return Batch(
            self.pixels[keep],
            self.confidence[keep],
            self.observed[keep],
            self.rigs,
            self.rig_index[keep],
            self.tables,
            None if self.cameras is None else [self.cameras[i] for i in keep],
            None if self.up is None else self.up[keep],
            self.cues.rows(keep),
        )

    def without(self, lost: NDArray[np.bool_]) -> Batch:
        """The same instances, some of their points (B, K) taken as not observed."""
        seen = self.observed & ~lost
        pixels = np.where(seen[..., None], self.pixels, 0.0)
        confidence = np.where(seen, self.confidence, 0.0)
        return replace(self, pixels=pixels, confidence=confidence, observed=seen)

    def enough(self, fewest: int) -> NDArray[np.bool_]:
        """(B,) whether an instance has at least ``fewest`` observed points at different places."""
        # Below a millionth of a pixel two points are one. What was not seen lies at 0, one place
        # that may be too many; nearly every frame passes even so.
        columns = np.sort(self.pixels[..., 0])
        steps = columns[:, 1:] - columns[:, :-1] > 1e-6
        many = steps.sum(-1) >= fewest
        if many.all():
            return many
        pixels = np.round(self.pixels, 6)
        place = np.where(self.observed, pixels[..., 0] + 1j * pixels[..., 1], np.nan)
        place = np.sort(place, axis=-1)
        different = np.isfinite(place[..., :1]).sum(-1)
        steps = (place[..., 1:] != place[..., :-1]) & np.isfinite(place[..., 1:])
        return different + steps.sum(-1) >= fewest


def make_batch(
    keypoints: ArrayLike,
    confidence: ArrayLike | None,
    camera: Intrinsics | Sequence[Intrinsics] | None,
    skeleton: SkeletonLike | Sequence[SkeletonLike],
    up: ArrayLike | None = None,
    known_size: KnownSize = None,
    *,
    depth: ArrayLike | None = None,
    ground: ArrayLike | None = None,
) -> Batch:
    """Check everything and bring it into one form; see ``Lifter.lift`` for the arguments.

    Raises:
        InputError: Shapes do not fit together, or values are out of range.
        SkeletonError: A skeleton's name is not known.
    """
    pixels = _pixels(keypoints, skeleton)
    count, width = pixels.shape[:2]
    rigs, rig_index = _rigs(skeleton, count, width)
    tables = rig_tables(rigs, width)
    given = _confidence(confidence, (count, width))
    # NaN is not less than anything, so this leaves it out too.
    near = np.abs(pixels) < _FARTHEST_PIXEL
    seen = near[..., 0] & near[..., 1] & (given > 0)
    if tables.padded:
        _check_padding(seen, tables.in_rig[rig_index])
    if not seen.all():
        pixels, given = np.where(seen[..., None], pixels, 0.0), np.where(seen, given, 0.0)
    cameras = _cameras(camera, count)
    warn_of_shares(pixels, seen, cameras)
    return Batch(
        pixels,
        given.astype(np.float32),
        seen,
        rigs,
        rig_index,
        tables,
        cameras,
        _up(up, count),
        make_cues(rigs, rig_index, known_size, depth, ground, cameras is not None),
    )


def _pixels(keypoints: ArrayLike, skeleton: SkeletonLike | Sequence[SkeletonLike]) -> Array:
    pixels = as_numbers(keypoints, "keypoints")
    if pixels.shape == (0,):  # an empty list: nobody was found
        rig = _rig(skeleton) if isinstance(skeleton, _SKELETON) else None
        return np.zeros((0, 0 if rig is None else len(rig), 2))
    if pixels.ndim not in (2, 3) or pixels.shape[-1] != 2:
        scores = pixels.ndim in (2, 3) and pixels.shape[-1] == 3
        hint = ": is the third number a score? give a[..., :2] and confidence=a[..., 2]"
        raise InputError(
            f"keypoints have shape {pixels.shape}; expected (B, K, 2) or (K, 2) pixels"
            + (hint if scores else ", x and y last")
        )
    return pixels[None] if pixels.ndim == 2 else pixels


def _confidence(values: ArrayLike | None, shape: tuple[int, int]) -> Array:
    if values is None:
        return np.ones(shape)
    confidence = as_numbers(values, "confidence")
    confidence = confidence[None] if confidence.ndim == 1 else confidence
    if shape[0] == confidence.size == 0:
        return np.ones(shape)
    if confidence.shape != shape:
        raise InputError(
            f"confidence has shape {confidence.shape}; the keypoints need {shape}, one number each"
        )
    if confidence.min(initial=0.0) >= 0 and confidence.max(initial=0.0) <= 1:
        return confidence
    confidence = np.where(np.isfinite(confidence), confidence, 0.0)
    lowest, highest = confidence.min(initial=0.0), confidence.max(initial=0.0)
    if lowest < 0 or highest > 1 + 1e-3:
        raise InputError(
            f"confidence lies between {lowest:g} and {highest:g}; expected 0 (missing) to 1: "
            "divide by the detector's largest score"
        )
    return np.minimum(confidence, 1.0)


def _rigs(
    skeleton: SkeletonLike | Sequence[SkeletonLike], count: int, width: int
) -> tuple[tuple[Skeleton | None, ...], NDArray[np.int64]]:
    alone = isinstance(skeleton, (*_SKELETON, Mapping, bytes))
    if alone or not isinstance(skeleton, Iterable):
        rig = _rig(skeleton)
        if rig is not None and len(rig) != width and count:
            raise InputError(
                f"keypoints have {width} columns; skeleton {rig.name!r} has {len(rig)} keypoints: "
                "give the skeleton that the detector uses, or None if nobody knows"
            )
        return (rig,), np.zeros(count, np.int64)
    given = list(skeleton)
    if len(given) != count:
        for one in given:
            _check_kind(one)
        raise InputError(f"{len(given)} skeletons were given for {count} instances; give one a row")
    # Nearly every frame has one rig, which need not be looked at once for each instance.
    all_one = count > 0 and all(one is given[0] for one in given)
    rows = [_rig(given[0])] * count if all_one else [_rig(one) for one in given]
    rigs = (rows[0],) if all_one else tuple(dict.fromkeys(rows))
    too_large = [r.name or len(r) for r in rigs if r is not None and len(r) > width]
    if too_large:
        raise InputError(
            f"keypoints have {width} columns; skeletons {too_large} have more keypoints: "
            "pad the rows to the largest rig"
        )
    index = {rig: i for i, rig in enumerate(rigs)}
    return rigs, np.array([0] * count if all_one else [index[r] for r in rows], np.int64)


def _rig(skeleton: SkeletonLike) -> Skeleton | None:
    _check_kind(skeleton)
    if skeleton is None or isinstance(skeleton, Skeleton):
        return skeleton
    return load_skeleton(fspath(skeleton))


def _check_kind(skeleton: object) -> None:
    if skeleton is not None and not isinstance(skeleton, _SKELETON):
        raise InputError(
            f"a skeleton is of type {type(skeleton).__name__}; give a registered name, the path of "
            "a .yaml file, Skeleton(names, edges), None, or one of these for each instance"
        )


def _check_padding(seen: NDArray[np.bool_], in_rig: NDArray[np.bool_]) -> None:
    beyond = (seen & ~in_rig).any(-1)
    if beyond.any():
        row = int(beyond.argmax())
        width = in_rig[row].sum()
        raise InputError(
            f"instance {row} has observed keypoints behind the {width} of its skeleton; "
            "set their confidence to 0, or choose the skeleton that they belong to"
        )


def _cameras(
    camera: Intrinsics | Sequence[Intrinsics] | None, count: int
) -> Sequence[Intrinsics] | None:
    if camera is None:
        return None
    if isinstance(camera, Intrinsics):
        return [camera] * count
    given: Any = camera
    cameras = list(given) if isinstance(given, Sequence) else [given]
    wrong = [type(c).__name__ for c in cameras if not isinstance(c, Intrinsics)]
    if wrong:
        raise InputError(
            f"a camera is of type {wrong[0]}; give Intrinsics(matrix, size=(width, height)), one "
            "for all or one a row"
        )
    if len(cameras) != count:
        raise InputError(
            f"{len(cameras)} cameras were given for {count} instances; give one, or one a row"
        )
    return cameras


def _up(up: ArrayLike | None, count: int) -> Array | None:
    if up is None:
        return None
    rows = as_numbers(up, "up")
    if rows.shape not in ((3,), (count, 3)):
        raise InputError(f"up has shape {rows.shape}; expected (3,) or ({count}, 3)")
    length = np.linalg.norm(rows, axis=-1)
    if not np.isfinite(length).all() or (length < 1e-9).any():
        raise InputError("up has length zero or is not finite; give the direction against gravity")
    return np.broadcast_to(rows, (count, 3))
