"""The best similarity between two point sets: batched, weighted, never a reflection.

Source: S. Umeyama, Least-squares estimation of transformation parameters between two point
patterns, IEEE PAMI 13(4), 1991, Eq. 40 to 43.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """``target = scale * source @ rotation.T + translation``, one a row.

    Attributes:
        rotation: Shape (B, 3, 3), det = +1 unless reflections were allowed.
        scale: Shape (B,), at least 0.
        translation: Shape (B, 3).
    """

    rotation: Array
    scale: Array
    translation: Array

    def apply(self, points: Array) -> Array:
        """Transform points of shape (B, K, 3)."""
        turned = points @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[:, None, None] * turned + self.translation[:, None]


def procrustes(
    source: Array,
    target: Array,
    weights: Array | None = None,
    *,
    scaled: bool = True,
    reflections: bool = False,
) -> Similarity:
    """The similarity that takes ``source`` nearest to ``target``.

    Args:
        source: Shape (B, K, 3).
        target: Shape (B, K, 3).
        weights: Shape (B, K), at least 0; None weighs all points alike. A row whose weights are all
            zero gets the identity.
        scaled: False fixes the scale at 1 (Kabsch).
        reflections: True allows det = -1, which only some published figures do.
    """
    weight = np.ones(source.shape[:2]) if weights is None else np.asarray(weights, np.float64)
    total = weight.sum(-1, keepdims=True)
    weight = weight / np.maximum(total, 1e-300)
    source_mean, source = centred(source, weight)
    target_mean = (weight[:, None] @ target)[:, 0]
    weighted = source * weight[..., None]
    # The weighted source sums to nothing, so the target need not be centred.
    moment = np.swapaxes(target, 1, 2) @ weighted
    u, singular, vt = np.linalg.svd(moment)
    rotation = u @ vt
    if not reflections:
        mirrored = np.linalg.det(rotation) < 0
        if mirrored.any():
            u[mirrored, :, 2] *= -1
            singular[mirrored, 2] *= -1
            rotation = u @ vt
    scale = np.ones(len(source))
    if scaled:
        spread = (weighted * source).reshape(len(source), -1).sum(-1)
        scale = singular.sum(-1) / np.maximum(spread, 1e-300)
        scale = np.where(total[:, 0] > 0, scale, 1.0)
    turned = (rotation @ source_mean[..., None])[..., 0]
    return Similarity(rotation, scale, target_mean - scale[:, None] * turned)


def centred(points: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean (B, 3) of points (B, K, 3), and the points around it; weights sum to 1."""
    mean = weight[:, None] @ points
    return mean[:, 0], points - mean
