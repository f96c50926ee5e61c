"""What a caller knows of metres, checked: sizes, bones, a depth image, the ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.depth_image import checked_depth
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import LARGEST_SIZE, Edge, Skeleton
from lfm_ros.size_doubts import warn_of_bone, warn_of_sizes

Array = NDArray[np.float64]
#: Metres of each instance, or of some bones by the names of their ends.
KnownSize = ArrayLike | Mapping[tuple[str, str], float] | None


@dataclass(frozen=True)
class Cues:
    """Cues of B instances.

    Attributes:
        size: (B,) metres with NaN for unknown, or None.
        bones: Index of a rig, its bones of known length, and their summed length in metres.
        depth: (H, W) as ``lfm_ros.core.depth_image`` reads it, or None.
        ground: (B, 4) plane with a normal of length 1, or None.
    """

    size: Array | None = None
    bones: Sequence[tuple[int, tuple[Edge, ...], float]] = ()
    depth: NDArray[np.generic] | None = None
    ground: Array | None = None

    def rows(self, keep: NDArray[np.int64]) -> Cues:
        """Those of some of the instances."""
        return Cues(
            None if self.size is None else self.size[keep],
            self.bones,
            self.depth,
            None if self.ground is None else self.ground[keep],
        )


NO_CUES = Cues()


def make_cues(
    rigs: Sequence[Skeleton | None],
    rig_index: NDArray[np.integer],
    known_size: KnownSize,
    depth: ArrayLike | None,
    ground: ArrayLike | None,
    has_camera: bool,
) -> Cues:
    """Check everything and bring it into one form; see ``Lifter.lift`` for the other arguments.

    Args:
        rigs: Those in use.
        rig_index: (B,) which of them each instance has.
        known_size: As there.
        depth: As there.
        ground: As there.
        has_camera: Whether there is a camera.

    Raises:
        InputError: Shapes do not fit together, values are out of range, or a cue that needs a
            camera has none.
    """
    if known_size is None and depth is None and ground is None:
        return NO_CUES
    if not has_camera and (depth is not None or ground is not None):
        raise InputError("depth and ground tell nothing without a camera; pass its Intrinsics")
    count = len(rig_index)
    by_bones = isinstance(known_size, Mapping)
    sizes = None if known_size is None or by_bones else _sizes(known_size, count)
    if sizes is not None:
        warn_of_sizes(sizes, rigs, rig_index)
    return Cues(
        sizes,
        _bones(known_size, rigs) if by_bones else (),
        None if depth is None else checked_depth(depth),
        None if ground is None else _ground(ground, count),
    )


def as_numbers(values: Any, what: str) -> Array:
    """Values as an array of float64; of a tensor of torch those that it has now.

    Raises:
        InputError: They are no numbers; ``what`` says in the message what they were meant to be.
    """
    # A tensor that remembers gradients refuses to be an array.
    values = values.detach() if hasattr(values, "detach") else values
    try:
        array = np.asarray(values)
        if array.dtype.kind == "c":
            raise TypeError("they are complex")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{what} cannot be read as numbers ({error}); give one rectangular array of floats: "
            "shorter rows padded with NaN, tensors as tensor.detach().cpu().float()"
        ) from error


def _sizes(known_size: Any, count: int) -> Array:
    sizes = as_numbers(known_size, "known_size")
    if sizes.shape not in ((), (count,)):
        raise InputError(f"known_size has shape {sizes.shape}; expected a number or ({count},)")
    _check_metres(sizes)
    return np.array(np.broadcast_to(sizes, (count,)))


def _check_metres(sizes: Array) -> None:
    wrong = sizes[(sizes <= 0) | (sizes > LARGEST_SIZE)]
    if wrong.size:
        raise InputError(
            f"known_size has the value {wrong.flat[0]:g}; expected metres above 0 and at most "
            f"{LARGEST_SIZE:g}, NaN for unknown"
        )


def _bones(
    lengths: Mapping[tuple[str, str], float], rigs: Sequence[Skeleton | None]
) -> list[tuple[int, tuple[Edge, ...], float]]:
    """The bones that each rig has; a rig without any is left to the other cues."""
    if not all(_is_pair_of_names(ends) for ends in lengths):
        raise InputError(
            f"known_size has the bones {list(lengths)}; name each by the two keypoints at its "
            'ends, as in {("left_hip", "left_knee"): 0.42}'
        )
    metres = as_numbers(list(lengths.values()), "known_size")
    _check_metres(metres)
    found: list[tuple[int, tuple[Edge, ...], float]] = []
    for i, rig in enumerate(rigs):
        index = {} if rig is None else {name: k for k, name in enumerate(rig.names)}
        ours = [j for j, ends in enumerate(lengths) if all(end in index for end in ends)]
        if ours:
            ends = [tuple(lengths)[j] for j in ours]
            pairs = tuple((index[first], index[second]) for first, second in ends)
            warn_of_bone(float(metres[ours].max()), rig)
            found.append((i, pairs, float(metres[ours].sum())))
    if not found and lengths and any(rig is not None for rig in rigs):
        raise InputError(
            f"known_size names the bones {sorted(lengths)}, of which no skeleton here has both "
            "ends; use the names of its keypoints"
        )
    return found


def _is_pair_of_names(ends: object) -> bool:
    return isinstance(ends, tuple) and len(ends) == 2 and all(isinstance(end, str) for end in ends)


def _ground(ground: Any, count: int) -> Array:
    planes = as_numbers(ground, "ground")
    if planes.shape not in ((4,), (count, 4)):
        raise InputError(
            f"ground has shape {planes.shape}; expected (4,) or ({count}, 4), the (nx, ny, nz, d) "
            "of the plane n . x + d = 0: (0, -1, 0, h) of a level camera h metres above it"
        )
    length = np.linalg.norm(planes[..., :3], axis=-1, keepdims=True)
    if not np.isfinite(planes).all() or (length < 1e-9).any():
        raise InputError(
            "ground has a normal of length zero or values that are not finite; give (nx, ny, nz, "
            "d) of the plane n . x + d = 0 in the camera frame, in metres"
        )
    return np.broadcast_to(planes / length, (count, 4))
