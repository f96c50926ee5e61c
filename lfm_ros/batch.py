"""What a caller hands to the lifter, checked and made rectangular."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.cues import Cues, KnownSize, as_numbers, make_cues
from lfm_ros.skeletons import load_skeleton

Array = NDArray[np.float64]
# No image is this wide, and squares of such numbers still fit into float32.
_FARTHEST_PIXEL = 1e9
SkeletonLike = str | Skeleton | None


@dataclass(frozen=True)
class Batch:
    """Instances of several rigs, padded to the largest. B instances, S rigs, K keypoints.

    Attributes:
        pixels: (B, K, 2) float64; zeros where not observed.
        confidence: (B, K) float32; 0 where not observed.
        in_rig: (B, K) bool; False for padding.
        rigs: The S different rigs; None for unknown edges.
        rig_index: (B,) int64 into ``rigs``.
        cameras: B cameras, or None.
        up: (B, 3) unit rows or None.
        cues: What is known of metres.
    """

    pixels: Array
    confidence: NDArray[np.float32]
    in_rig: NDArray[np.bool_]
    rigs: tuple[Skeleton | None, ...]
    rig_index: NDArray[np.int64]
    cameras: Sequence[Intrinsics] | None
    up: Array | None
    cues: Cues

    @cached_property
    def observed(self) -> NDArray[np.bool_]:
        """(B, K) which keypoints were seen."""
        return self.confidence > 0

    @property
    def adjacency(self) -> NDArray[np.float32]:
        """(S, K, K) edges of the rigs, padded."""
        return padded_adjacency(self.rigs, self.pixels.shape[1])

    @property
    def sides(self) -> NDArray[np.float32]:
        """(B, K) 1 for keypoints on the left of the object, -1 on the right, else 0."""
        return padded_sides(self.rigs, self.pixels.shape[1])[self.rig_index]

    @property
    def joined(self) -> NDArray[np.bool_]:
        """(B, K) whether an edge ends at a keypoint."""
        return padded_joined(self.rigs, self.pixels.shape[1])[self.rig_index]

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
            self.in_rig[keep],
            self.rigs,
            self.rig_index[keep],
            None if self.cameras is None else [self.cameras[i] for i in keep],
            None if self.up is None else self.up[keep],
            self.cues.rows(keep),
        )

    def without(self, lost: NDArray[np.bool_]) -> Batch:
        """The same instances, some of their points (B, K) taken as not observed."""
        seen = self.observed & ~lost
        pixels = np.where(seen[..., None], self.pixels, 0.0)
        return replace(self, pixels=pixels, confidence=np.where(seen, self.confidence, 0.0))

    def enough(self, fewest: int) -> NDArray[np.bool_]:
        """(B,) whether an instance has at least ``fewest`` observed points at different places."""
        # Rounded to a millionth of a pixel, below which two points are one.
        columns = np.sort(np.where(self.observed, np.round(self.pixels[..., 0], 6), np.nan))
        different = 1 + (columns[:, 1:] > columns[:, :-1]).sum(-1)
        if (different >= fewest).all():
            return np.ones(len(different), bool)
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
    pixels = as_numbers(keypoints, "keypoints")
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or pixels.shape[-1] != 2:
        raise InputError(
            f"keypoints have shape {np.shape(keypoints)}; expected (B, K, 2) or (K, 2) pixels"
        )
    count, width = pixels.shape[:2]
    rigs, rig_index = _rigs(skeleton, count, width)
    sizes = np.array([width if r is None else len(r) for r in rigs] or [width])
    in_rig = np.arange(width) < sizes[rig_index][:, None]
    given = _confidence(confidence, (count, width))
    # NaN is not less than anything, so this leaves it out too.
    near = np.abs(pixels) < _FARTHEST_PIXEL
    seen = near[..., 0] & near[..., 1] & (given > 0)
    _check_padding(seen & ~in_rig, sizes[rig_index])
    cameras = _cameras(camera, count)
    return Batch(
        np.where(seen[..., None], pixels, 0.0),
        np.where(seen, given, 0.0).astype(np.float32),
        in_rig,
        rigs,
        rig_index,
        cameras,
        _up(up, count),
        make_cues(count, rigs, known_size, depth, ground, cameras is not None),
    )


@lru_cache(maxsize=64)
def padded_adjacency(rigs: tuple[Skeleton | None, ...], width: int) -> NDArray[np.float32]:
    """(S, K, K) adjacency of the rigs, zeros behind each; read-only, since it is remembered."""
    matrix = np.zeros((max(len(rigs), 1), width, width), np.float32)
    for i, rig in enumerate(rigs):
        if rig is not None:
            matrix[i, : len(rig), : len(rig)] = rig.adjacency
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=64)
def padded_joined(rigs: tuple[Skeleton | None, ...], width: int) -> NDArray[np.bool_]:
    """(S, K) whether edges end at the rigs' keypoints; read-only, since it is remembered."""
    joined = padded_adjacency(rigs, width).any(-1)
    joined.setflags(write=False)
    return joined


@lru_cache(maxsize=64)
def padded_sides(rigs: tuple[Skeleton | None, ...], width: int) -> NDArray[np.float32]:
    """(S, K) sides of the rigs' keypoints, zeros behind each; read-only, since it is remembered."""
    matrix = np.zeros((max(len(rigs), 1), width), np.float32)
    for i, rig in enumerate(rigs):
        if rig is not None:
            matrix[i, : len(rig)] = rig.sides
    matrix.setflags(write=False)
    return matrix


def _confidence(values: ArrayLike | None, shape: tuple[int, int]) -> Array:
    if values is None:
        return np.ones(shape)
    confidence = as_numbers(values, "confidence")
    confidence = confidence[None] if confidence.ndim == 1 else confidence
    if confidence.shape != shape:
        raise InputError(f"confidence has shape {confidence.shape}; the keypoints need {shape}")
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
    if isinstance(skeleton, str | Skeleton | Mapping) or not isinstance(skeleton, Iterable):
        rig = _rig(skeleton)
        if rig is not None and len(rig) != width and count:
            raise InputError(
                f"keypoints have {width} columns; skeleton {rig.name!r} has {len(rig)} keypoints"
            )
        return (rig,), np.zeros(count, np.int64)
    given = list(skeleton)
    if len(given) != count:
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
    if skeleton is not None and not isinstance(skeleton, str | Skeleton):
        raise InputError(
            f"a skeleton is of type {type(skeleton).__name__}; give a registered name, a Skeleton, "
            "None, or one of these for each instance"
        )
    return load_skeleton(skeleton) if isinstance(skeleton, str) else skeleton


def _check_padding(beyond: NDArray[np.bool_], sizes: NDArray[np.int64]) -> None:
    rows = np.flatnonzero(beyond.any(-1))
    if rows.size:
        row = int(rows[0])
        raise InputError(
            f"instance {row} has observed keypoints behind the {sizes[row]} of its skeleton; "
            "set their confidence to 0, or choose the skeleton that they belong to"
        )


def _cameras(
    camera: Intrinsics | Sequence[Intrinsics] | None, count: int
) -> Sequence[Intrinsics] | None:
    if camera is None:
        return None
    if isinstance(camera, Intrinsics):
        return [camera] * count
    cameras = list(camera) if isinstance(camera, Iterable) else [camera]
    wrong = [type(c).__name__ for c in cameras if not isinstance(c, Intrinsics)]
    if wrong:
        raise InputError(
            f"a camera is of type {wrong[0]}; give Intrinsics, one for all or one a row"
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
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not np.isfinite(length).all() or (length < 1e-9).any():
        raise InputError("up has length zero or is not finite; give the direction against gravity")
    return np.broadcast_to(rows / length, (count, 3))
