"""Where a known structure stands, from its image alone.

A camera that looks straight at the object sees a point q of it (in units of the image radius) at
``q_xy / (1 + r q_z)``, with r the tangent of the object's angular radius (see
``lfm_ros.core.normalize``). r = 0 is weak perspective, so the orthographic-n-point problem and
perspective-n-point refinement are one least-squares problem in rotation, scale and shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.alignment import centred
from lfm_ros.core.rotations import matrix_from_rotvec, skew

Array = NDArray[np.float64]

_STEPS = 8
_FIRST_DAMPING = 1e-4
# A structure is flat where its thickness is below a hundredth of its size: the image of a thinner
# one says less of its third dimension than the noise of any detector.
_FLAT = 1e-4


@dataclass(frozen=True)
class ImagePose:
    """``q = scale * structure @ rotation.T + (shift, 0)`` explains the image.

    Attributes:
        rotation: Shape (B, 3, 3), det = +1.
        scale: Shape (B,).
        shift: Shape (B, 2).
        error: Shape (B,), root mean square of the image residual.
    """

    rotation: Array
    scale: Array
    shift: Array
    error: Array

    def apply(self, structure: Array) -> Array:
        """Points (B, K, 3) in the frame of the camera that looks at the object."""
        turned = self.scale[:, None, None] * structure @ np.swapaxes(self.rotation, -1, -2)
        turned[..., :2] += self.shift[:, None]
        return turned


def fit_pose(structure: Array, image: Array, weights: Array, radius: Array) -> ImagePose:
    """Rotation, scale and shift that bring a structure onto its image.

    Args:
        structure: Shape (B, K, 3), any unit.
        image: Shape (B, K, 2), in the unit disc.
        weights: Shape (B, K), 0 where the image point is missing.
        radius: Shape (B,), tangent of the angular radius; 0 for weak perspective.
    """
    weight = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
    start, flat = orthographic_pose(structure, image, weight)
    pose = _refine(start, structure, image, weight, radius)
    rows = np.flatnonzero(flat)
    if rows.size == 0:
        return pose
    some = structure[rows], image[rows], weight[rows]
    other = _refine(orthographic_pose(*some, tilted_back=True)[0], *some, radius[rows])
    return _better(pose, other, rows)


def orthographic_pose(
    structure: Array, image: Array, weight: Array, *, tilted_back: bool = False
) -> tuple[ImagePose, NDArray[np.bool_]]:
    """Closed form near the optimum of orthographic-n-point; the start of the refinement.

    The best affine camera is found by linear least squares, then replaced by the nearest scaled
    rotation. Exact when the image is one. The affine camera of a flat structure lacks its column
    along the normal; that follows, up to its sign, from the rows being orthogonal and equally long.

    Args:
        structure: Shape (B, K, 3).
        image: Shape (B, K, 2).
        weight: Shape (B, K), sums to 1.
        tilted_back: Which of the two tilts a flat structure gets.

    Returns:
        The poses, and which structures (B,) are flat.

    Source: C. Steger, Algorithms for the Orthographic-n-Point Problem, J. Math. Imaging and
    Vision 60, 2018, section 3 (linear initialisation).
    """
    middle, structure_centred = centred(structure, weight)
    image_middle, image_centred = centred(image, weight)
    moment = np.einsum("bk,bki,bkj->bij", weight, image_centred, structure_centred)
    scatter = np.einsum("bk,bki,bkj->bij", weight, structure_centred, structure_centred)
    spread, axes = np.linalg.eigh(scatter)
    solid = spread > _FLAT * spread.sum(-1, keepdims=True)
    inverse = np.where(solid, 1 / np.where(solid, spread, 1.0), 0.0)
    affine = moment @ (axes * inverse[:, None]) @ np.swapaxes(axes, 1, 2)
    along_normal = np.where(solid[:, :1], 0.0, _missing_column(affine) * (-1) ** tilted_back)
    affine = affine + along_normal[..., None] * axes[:, None, :, 0]
    u, singular, vt = np.linalg.svd(affine, full_matrices=False)
    rows = u @ vt
    rotation = np.concatenate([rows, np.cross(rows[:, 0], rows[:, 1])[:, None]], 1)
    scale = singular.mean(-1)
    shift = image_middle - scale[:, None] * np.einsum("bij,bj->bi", rows, middle)
    return ImagePose(rotation, scale, shift, np.zeros(len(scale))), ~solid[:, 0]


def _missing_column(affine: Array) -> Array:
    """What (B, 2) to add to two rows in a new dimension to make them orthogonal, equally long.

    With n and m added, n m = -a.b and n^2 - m^2 = b.b - a.a: the real and the imaginary part of
    (n + i m)^2.
    """
    first, second = affine[:, 0], affine[:, 1]
    difference = np.square(second).sum(-1) - np.square(first).sum(-1)
    root = np.sqrt(difference - 2j * (first * second).sum(-1))
    return np.stack([root.real, root.imag], -1)


def _better(pose: ImagePose, other: ImagePose, rows: NDArray[np.int64]) -> ImagePose:
    """The pose, with those of ``other`` (for some ``rows``) where they explain the image better."""
    chosen = other.error < pose.error[rows]
    into = rows[chosen]
    parts = []
    for name in ("rotation", "scale", "shift", "error"):
        part = getattr(pose, name).copy()
        part[into] = getattr(other, name)[chosen]
        parts.append(part)
    return ImagePose(*parts)


def _refine(
    pose: ImagePose, structure: Array, image: Array, weight: Array, radius: Array
) -> ImagePose:
    """Levenberg-Marquardt, each row with its own damping; only steps that help are taken."""
    rotation, scale, shift = pose.rotation, pose.scale, pose.shift
    damping = np.full(len(scale), _FIRST_DAMPING)
    turned = _turn(structure, rotation, scale)
    residual, divisor = _residual(turned, shift, image, radius)
    cost = np.einsum("bk,bki,bki->b", weight, residual, residual)
    for _ in range(_STEPS):
        step = _step(turned, residual, shift, divisor, weight, radius, damping)
        # Large steps come from poses far off; bounded they cannot turn the object inside out.
        step *= np.minimum(1.0, 0.5 / np.maximum(np.abs(step).max(-1, keepdims=True), 1e-12))
        new_rotation = matrix_from_rotvec(step[:, :3]) @ rotation
        new_scale, new_shift = scale * np.exp(step[:, 3]), shift + step[:, 4:]
        new_turned = _turn(structure, new_rotation, new_scale)
        new_residual, new_divisor = _residual(new_turned, new_shift, image, radius)
        new_cost = np.einsum("bk,bki,bki->b", weight, new_residual, new_residual)
        better = new_cost < cost
        keep = better[:, None]
        rotation = np.where(keep[..., None], new_rotation, rotation)
        scale, shift = np.where(better, new_scale, scale), np.where(keep, new_shift, shift)
        turned = np.where(keep[..., None], new_turned, turned)
        residual = np.where(keep[..., None], new_residual, residual)
        divisor, cost = np.where(keep, new_divisor, divisor), np.where(better, new_cost, cost)
        damping = np.where(better, damping * 0.2, damping * 10)
    return ImagePose(rotation, scale, shift, np.sqrt(cost))


def _turn(structure: Array, rotation: Array, scale: Array) -> Array:
    return scale[:, None, None] * structure @ np.swapaxes(rotation, -1, -2)


def _residual(turned: Array, shift: Array, image: Array, radius: Array) -> tuple[Array, Array]:
    """Predicted less seen image points (B, K, 2), and the perspective divisor (B, K)."""
    divisor = np.maximum(1 + radius[:, None] * turned[..., 2], 0.05)
    return (turned[..., :2] + shift[:, None]) / divisor[..., None] - image, divisor


def _step(
    turned: Array,
    residual: Array,
    shift: Array,
    divisor: Array,
    weight: Array,
    radius: Array,
    damping: Array,
) -> Array:
    """Damped Gauss-Newton step (B, 6): rotation vector, log scale, shift."""
    per_point = np.zeros((*turned.shape[:2], 3, 6))
    per_point[..., :3] = -skew(turned)
    per_point[..., 3] = turned
    per_point[..., :2, 4:] = np.eye(2)
    place = (turned[..., :2] + shift[:, None]) / divisor[..., None]
    slope = -radius[:, None, None] * place
    jacobian = per_point[..., :2, :] + slope[..., None] * per_point[..., 2:, :]
    jacobian = jacobian * (np.sqrt(weight) / divisor)[..., None, None]
    flat = jacobian.reshape(len(turned), -1, 6)
    right = (residual * np.sqrt(weight)[..., None]).reshape(len(turned), -1, 1)
    normal = np.swapaxes(flat, 1, 2) @ flat
    size = np.trace(normal, axis1=1, axis2=2) / 6
    normal += (damping * size + 1e-12)[:, None, None] * np.eye(6)
    return -np.linalg.solve(normal, np.swapaxes(flat, 1, 2) @ right)[..., 0]
