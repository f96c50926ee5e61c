"""How far a lifted shape is from the truth: one definition for training, tests and the demo.

Every figure comes three ways: in the camera frame with nothing but translation and scale aligned,
Procrustes-aligned with det = +1, and Procrustes-aligned with reflections allowed (its name says
so). Distances are in the unit of the truth; ``relative`` turns them into per cent of its radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.alignment import Similarity, centred, procrustes
from lfm_ros.core.placement import radius
from lfm_ros.core.rotations import angle_between

Array = NDArray[np.float64]

#: The three ways of aligning, as ``Errors`` names them.
ALIGNMENTS = ("camera", "procrustes", "reflected")


@dataclass(frozen=True)
class Errors:
    """Mean distance per joint of each frame, shape (B,), in the unit of the truth.

    Attributes:
        camera: Translation and (positive) scale aligned: orientation counts.
        procrustes: The best proper similarity taken out.
        reflected: The best similarity taken out, mirror images allowed.
        rotation: Angle in degrees of the best proper rotation from prediction to truth.
        radius: Radius of the truth.
    """

    camera: Array
    procrustes: Array
    reflected: Array
    rotation: Array
    radius: Array

    def relative(self, name: str) -> Array:
        """One of the distances in per cent of the truth's radius, shape (B,)."""
        return 100 * getattr(self, name) / np.maximum(self.radius, 1e-12)


def errors(points: Array, truth: Array, valid: NDArray[np.bool_]) -> Errors:
    """Compare lifted points with the truth, both (B, K, 3) in the camera frame.

    Args:
        points: Prediction, any scale and place.
        truth: Truth; its unit is the unit of the result.
        valid: Shape (B, K), which points have a truth. Each row needs at least one.
    """
    points, truth = np.asarray(points, np.float64), np.asarray(truth, np.float64)
    weight = valid / np.maximum(valid.sum(-1, keepdims=True), 1)
    best = {how: similarity(points, truth, valid, how) for how in ALIGNMENTS}
    means = {how: _mean_distance(best[how].apply(points), truth, weight) for how in ALIGNMENTS}
    identity = np.broadcast_to(np.eye(3), best["procrustes"].rotation.shape)
    angle = np.degrees(angle_between(best["procrustes"].rotation, identity))
    return Errors(**means, rotation=angle, radius=radius(truth, valid))


def similarity(points: Array, truth: Array, valid: NDArray[np.bool_], how: str) -> Similarity:
    """What is taken out of the points before their distance to the truth is measured.

    Args:
        points: Prediction (B, K, 3) in the camera frame.
        truth: Shape (B, K, 3).
        valid: Shape (B, K), which points are aligned.
        how: One of ``ALIGNMENTS``: translation and positive scale; a proper similarity; one that
            may be a mirror image.
    """
    weight = valid / np.maximum(valid.sum(-1, keepdims=True), 1)
    if how != "camera":
        return procrustes(points, truth, weight, reflections=how == "reflected")
    origin, source = centred(points, weight)
    middle, target = centred(truth, weight)
    spread = np.einsum("bk,bki,bki->b", weight, source, source)
    scale = np.einsum("bk,bki,bki->b", weight, source, target) / np.maximum(spread, 1e-300)
    scale = np.maximum(scale, 0.0)
    identity = np.broadcast_to(np.eye(3), (len(points), 3, 3))
    return Similarity(identity, scale, middle - scale[:, None] * origin)


def mpjpe(points: Array, truth: Array, valid: NDArray[np.bool_]) -> Array:
    """Mean per-joint position error (B,), nothing aligned."""
    weight = valid / np.maximum(valid.sum(-1, keepdims=True), 1)
    return _mean_distance(np.asarray(points, np.float64), np.asarray(truth, np.float64), weight)


def _mean_distance(points: Array, truth: Array, weight: Array) -> Array:
    return (np.linalg.norm(points - truth, axis=-1) * weight).sum(-1)
