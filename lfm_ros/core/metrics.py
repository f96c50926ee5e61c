"""How far a lifted shape is from the truth: one definition for training, tests and the demo.

Every figure comes three ways: in the camera frame with nothing but translation and scale aligned,
Procrustes-aligned with det = +1, and Procrustes-aligned with reflections allowed (its name says
so). Distances are in the unit of the truth; ``relative`` turns them into per cent of its radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.alignment import centred, procrustes
from lfm_ros.core.placement import radius
from lfm_ros.core.rotations import angle_between

Array = NDArray[np.float64]


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
    proper = procrustes(points, truth, weight)
    mirrored = procrustes(points, truth, weight, reflections=True)
    identity = np.broadcast_to(np.eye(3), proper.rotation.shape)
    return Errors(
        _mean_distance(_translation_scale(points, truth, weight), truth, weight),
        _mean_distance(proper.apply(points), truth, weight),
        _mean_distance(mirrored.apply(points), truth, weight),
        np.degrees(angle_between(proper.rotation, identity)),
        radius(truth, valid),
    )


def mpjpe(points: Array, truth: Array, valid: NDArray[np.bool_]) -> Array:
    """Mean per-joint position error (B,), nothing aligned."""
    weight = valid / np.maximum(valid.sum(-1, keepdims=True), 1)
    return _mean_distance(np.asarray(points, np.float64), np.asarray(truth, np.float64), weight)


def _translation_scale(points: Array, truth: Array, weight: Array) -> Array:
    _, source = centred(points, weight)
    middle, target = centred(truth, weight)
    spread = np.einsum("bk,bki,bki->b", weight, source, source)
    scale = np.einsum("bk,bki,bki->b", weight, source, target) / np.maximum(spread, 1e-300)
    return np.maximum(scale, 0.0)[:, None, None] * source + middle[:, None]


def _mean_distance(points: Array, truth: Array, weight: Array) -> Array:
    return (np.linalg.norm(points - truth, axis=-1) * weight).sum(-1)
