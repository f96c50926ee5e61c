"""How large an object is, in metres, and which cue said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: How an instance got its scale; ROS messages carry the index.
SCALE_SOURCES = ("none", "nominal", "known", "ground", "depth")
NONE, NOMINAL, KNOWN, GROUND, DEPTH = range(len(SCALE_SOURCES))

# How far each source is trusted: a size that somebody measured beats a ground plane, which beats
# what is usual.
_TRUST = np.argsort((NONE, NOMINAL, GROUND, KNOWN, DEPTH))
# A cue that may be off by half tells nothing, and one that is so many times vaguer than what it
# would replace makes it worse, however trusted.
_VAGUE, _TIMES_VAGUER = 0.5, 3.0

# A network that cannot tell which way a bone points answers with the middle of the possible places,
# where the bone is too short. The expected square of its length is that of the middles and the
# variance of the difference of both ends: a share of the sum of their sigma^2, and no more than a
# share of the square itself, since the ends of short edges are wrong together. Fitted on the
# training sequences of all sets (`python -m training.evaluation.metres --parts shortening`):
# errors of distances fall from 8.4 to 6.3 %, at 0.125 and no limit to 6.6 %. A higher limit is as
# good there and worse on rigs that were never trained on.
_SHORTENING, _MOST_SHORTENED = 0.5, 0.16
# Likewise of edges of which an end was not seen, and whose places differ much more: with 60 % of
# the keypoints hidden objects came out 15 % too far away with the shares above, 3 % with these.
_UNSEEN_SHORTENING, _MOST_UNSEEN_SHORTENED = 1.0, 0.8
# Standard deviation of the logarithm of a shape's size: at best, and by the spread of its edges.
# Fitted like the above.
_SIZE_ERROR, _SIZE_ERROR_PER_SPREAD = 0.03, 0.7
# How far sizes are from what was said of them: one that somebody measured, and a usual one.
_KNOWN_SPREAD = 0.01


@dataclass(frozen=True)
class Scale:
    """Metres per unit of B structures.

    Attributes:
        factor: (B,), 1 where there is no cue.
        error: (B,), standard deviation of the factor's logarithm; 0 where there is no cue.
        source: (B,) uint8, index into ``SCALE_SOURCES``.
    """

    factor: Array
    error: Array
    source: NDArray[np.uint8]

    def or_better(self, factor: Array, error: Array, source: int) -> Scale:
        """This scale, with another cue in its place where that one is trusted more.

        Args:
            factor: (B,) metres per unit as the other cue has it; NaN where it has no say.
            error: (B,) standard deviation of its logarithm.
            source: Index of the other cue in ``SCALE_SOURCES``.
        """
        with np.errstate(invalid="ignore"):
            usable = np.isfinite(factor) & (factor > 0) & (error < _VAGUE)
            usable &= (self.source == NONE) | (error < _TIMES_VAGUER * self.error)
        better = usable & (_TRUST[source] > _TRUST[self.source])
        return Scale(
            np.where(better, factor, self.factor),
            np.where(better, error, self.error),
            np.where(better, np.uint8(source), self.source),
        )


def size(
    points: Array,
    skeleton: Skeleton | None,
    sigma: Array | None = None,
    observed: Mask | None = None,
) -> Array:
    """How large an object is, shape (B,), in the unit of ``points`` (B, K, 3).

    The summed length of the skeleton's edges, because bones keep their length whatever the pose;
    without edges twice the radius.

    Args:
        points: Shape (B, K, 3).
        skeleton: The rig.
        sigma: Expected errors (B, K) of points that a network estimated. With them, edges have
            their expected length: the estimated ones are shorter than the real ones.
        observed: (B, K), of which points the network knew the image; None: of all.
    """
    if skeleton is None or not skeleton.edges:
        return 2 * radius(points)
    return _lengths(points, skeleton.ends, sigma, observed)[0]


def radius(points: Array, mask: Mask | None = None) -> Array:
    """Largest distance of a point from the centroid, shape (B,), of points (B, K, 3).

    Args:
        points: Shape (B, K, 3).
        mask: Shape (B, K), which points count; None for all.
    """
    offset = points - centroid(points, mask)[:, None]
    x, y, z = offset[..., 0], offset[..., 1], offset[..., 2]
    squared = x * x + y * y + z * z
    if mask is not None:
        squared = np.where(mask, squared, 0.0)
    return np.sqrt(squared.max(-1, initial=0.0))


def centroid(points: Array, mask: Mask | None = None) -> Array:
    """Mean (B, 3) of the points (B, K, 3) that ``mask`` (B, K) counts; None counts all."""
    if mask is None:
        return points.sum(1) / max(points.shape[1], 1)
    count = np.maximum(mask.sum(-1, keepdims=True), 1)
    return (mask[:, None] @ points)[:, 0] / count


def scale_by_size(
    structure: Array,
    sigma: Array | None,
    rigs: Sequence[Skeleton | None],
    rig_index: NDArray[np.int64],
    known_size: Array | None = None,
    nominal: bool = True,
    observed: Mask | None = None,
) -> Scale:
    """Metres per unit of the structure by what is known, or usual, of the object's size.

    Args:
        structure: Shape (B, K, 3), any unit.
        sigma: Expected error of each point, shape (B, K), same unit; None: the points are exact.
        rigs: The S different rigs.
        rig_index: Shape (B,), the rig of each row.
        known_size: Shape (B,), metres as ``size`` defines them; NaN where unknown. None: nowhere.
        nominal: Whether a skeleton's nominal size may serve where nothing better is known.
        observed: Which points were seen, shape (B, K); None: all.
    """
    count = len(structure)
    scale = Scale(np.ones(count), np.zeros(count), np.zeros(count, np.uint8))
    for i, rig in enumerate(rigs):
        # Most frames have one rig; a slice takes its rows without a copy.
        rows = slice(None) if len(rigs) == 1 else np.flatnonzero(rig_index == i)
        width = structure.shape[1] if rig is None else len(rig)
        errors = None if sigma is None else sigma[rows, :width]
        seen = None if observed is None else observed[rows, :width]
        ours, error = _measured(structure[rows, :width], rig, errors, seen)
        usual = rig.nominal_size if rig is not None and nominal and rig.nominal_size else np.nan
        spread = 0.0 if rig is None else rig.size_spread
        wanted, source = usual, NOMINAL
        if known_size is not None:
            unknown = np.isnan(known_size[rows])
            wanted = np.where(unknown, usual, known_size[rows])
            spread = np.where(unknown, spread, _KNOWN_SPREAD)
            source = np.where(unknown, NOMINAL, KNOWN)
        usable = np.isfinite(wanted) & (ours > 0)
        scale.factor[rows] = np.where(usable, wanted / np.where(ours > 0, ours, 1.0), 1.0)
        scale.error[rows] = np.where(usable, np.hypot(error, spread), 0.0)
        scale.source[rows] = np.where(usable, source, NONE)
    return scale


def scale_by_bones(
    structure: Array,
    sigma: Array,
    bones: Sequence[tuple[int, int]],
    metres: float,
    observed: Mask,
) -> tuple[Array, Array]:
    """Metres per unit from the summed length of a few edges, and the error of its logarithm.

    Where an end of theirs was not seen, the network only guessed how long they are in the image,
    and so they tell nothing.

    Args:
        structure: Shape (B, K, 3), any unit.
        sigma: Expected error of each point, shape (B, K), same unit.
        bones: Pairs of keypoint indices.
        metres: What their lengths sum up to.
        observed: Which points were seen, shape (B, K).

    Returns:
        Factors (B,), NaN where they tell nothing, and errors (B,).
    """
    ends = np.array(bones, np.intp).reshape(-1, 2).T
    length, spread = _lengths(structure, ends, sigma, None)
    length = np.where(observed[:, ends.ravel()].all(-1), length, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor, relative = metres / length, spread / length
    return factor, np.hypot(np.hypot(_SIZE_ERROR, _SIZE_ERROR_PER_SPREAD * relative), _KNOWN_SPREAD)


def _measured(
    points: Array, rig: Skeleton | None, sigma: Array | None, observed: Mask | None
) -> tuple[Array, Array | float]:
    """Sizes (B,) and the standard deviations of their logarithms."""
    if rig is None or not rig.edges:
        return 2 * radius(points), 0.0 if sigma is None else 2 * _SIZE_ERROR
    length, spread = _lengths(points, rig.ends, sigma, observed)
    if sigma is None:
        return length, 0.0
    relative = spread / np.where(length > 0, length, 1.0)
    return length, np.hypot(_SIZE_ERROR, _SIZE_ERROR_PER_SPREAD * relative)


def _lengths(
    points: Array, ends: NDArray[np.intp], sigma: Array | None, observed: Mask | None
) -> tuple[Array, Array]:
    """Summed expected length of edges, (B,), and how far their ends spread together, (B,)."""
    edges = points[:, ends[0]] - points[:, ends[1]]
    x, y, z = edges[..., 0], edges[..., 1], edges[..., 2]
    squared = x * x + y * y + z * z
    if sigma is None:
        return np.sqrt(squared).sum(-1), np.zeros(len(points))
    variance = np.square(sigma)
    variance = variance[:, ends[0]] + variance[:, ends[1]]
    longer = np.minimum(_SHORTENING * variance, _MOST_SHORTENED * squared)
    if observed is not None and not observed.all():
        unseen = np.minimum(_UNSEEN_SHORTENING * variance, _MOST_UNSEEN_SHORTENED * squared)
        longer = np.where(observed[:, ends[0]] & observed[:, ends[1]], longer, unseen)
    return np.sqrt(squared + longer).sum(-1), np.sqrt(variance.sum(-1))
