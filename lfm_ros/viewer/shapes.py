"""Skeletons as spheres and bones: where each one is, how large, which colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.palette import instance_colors
from lfm_ros.viewer.frame import Points3D, ViewFrame

Array = NDArray[np.float64]

# Shares of an instance's own size: a hand and a horse stand in one scene, and each must show its
# skeleton rather than a blob or a hair.
JOINT_RADIUS = 0.019
BONE_RADIUS = 0.009
FILLED_RADIUS = 0.7
GHOST_RADIUS = 0.75

FAINT = 0.55
"""How far the colour of a filled-in keypoint goes towards `BACKGROUND`."""
MUTED = 0.7
"""Brightness that old data keeps."""
BACKGROUND = np.array([0.085, 0.095, 0.11])
GHOST_COLOR = np.array([0.82, 0.85, 0.9])


@dataclass(frozen=True)
class Shapes:
    """Copies of one unit solid.

    Args:
        position: (N, 3) metres.
        quat_xyzw: (N, 4) unit quaternions.
        scale: (N, 3) metres along the solid's own axes.
        color: (N, 3) RGB in [0, 1].
    """

    position: Array
    quat_xyzw: Array
    scale: Array
    color: Array


def instance_extent(points: Points3D) -> Array:
    """Diagonal of each instance's bounding box, shape (B,), metres; 1 where it has no points."""
    shown = points.present[..., None]
    low = np.where(shown, points.xyz, np.inf).min(1, initial=np.inf)
    high = np.where(shown, points.xyz, -np.inf).max(1, initial=-np.inf)
    extent = np.linalg.norm(np.where(high > low, high - low, 0.0), axis=-1)
    return np.where(extent > 0, extent, 1.0)


def joints(points: Points3D, *, filled: bool) -> Shapes:
    """A sphere for every keypoint.

    Args:
        points: The skeletons.
        filled: Whether keypoints that no detector saw are drawn, smaller and fainter.
    """
    shown = points.present & (points.observed | filled)
    row, _ = np.nonzero(shown)
    seen = points.observed[shown]
    radius = JOINT_RADIUS * instance_extent(points)[row] * np.where(seen, 1.0, FILLED_RADIUS)
    quat = np.tile([0.0, 0.0, 0.0, 1.0], (len(row), 1))
    scale = np.repeat(radius[:, None], 3, 1)
    return Shapes(points.xyz[shown].astype(float), quat, scale, _shade(points, row, seen))


def bones(points: Points3D, frame: ViewFrame, *, filled: bool) -> Shapes:
    """A cylinder along z of unit length and radius for every edge with both ends shown.

    Args:
        points: The skeletons.
        frame: Where the edges of each rig are found.
        filled: Whether edges that touch a filled-in keypoint are drawn.
    """
    shown = points.present & (points.observed | filled)
    row, first, second = _edges(points, frame, shown)
    a, b = points.xyz[row, first].astype(float), points.xyz[row, second].astype(float)
    length = np.linalg.norm(b - a, axis=-1)
    radius = BONE_RADIUS * instance_extent(points)[row]
    seen = points.observed[row, first] & points.observed[row, second]
    return Shapes(
        position=(a + b) / 2,
        quat_xyzw=quat_xyzw_from_z(b - a),
        scale=np.stack([radius, radius, length], -1),
        color=_shade(points, row, seen),
    )


def as_ghost(shapes: Shapes) -> Shapes:
    """The same, thinner and without an identity's colour: the truth behind the estimate."""
    scale = shapes.scale.copy()
    scale[:, :2] *= GHOST_RADIUS
    color = np.tile(GHOST_COLOR, (len(scale), 1))
    return Shapes(shapes.position, shapes.quat_xyzw, scale, color)


def muted(shapes: Shapes) -> Shapes:
    """The same without colour and darker: what is shown is no longer true."""
    grey = MUTED * shapes.color.mean(-1, keepdims=True).repeat(3, -1)
    return Shapes(shapes.position, shapes.quat_xyzw, shapes.scale, grey)


def quat_xyzw_from_z(direction: Array) -> Array:
    """Shortest rotations that turn the z axis to ``direction`` (N, 3): unit quaternions (N, 4).

    Half-way construction: (z x d, 1 + z.d) normalised; straight down, where that vanishes, is a
    half turn about x. A zero direction gives the identity.
    """
    norm = np.linalg.norm(direction, axis=-1, keepdims=True)
    d = np.where(norm > 0, direction / np.where(norm > 0, norm, 1.0), [0.0, 0.0, 1.0])
    quat = np.stack([-d[:, 1], d[:, 0], np.zeros(len(d)), 1.0 + d[:, 2]], -1)
    quat[d[:, 2] < -1 + 1e-9] = [1.0, 0.0, 0.0, 0.0]
    return quat / np.linalg.norm(quat, axis=-1, keepdims=True)


def _shade(points: Points3D, row: NDArray[np.intp], seen: NDArray[np.bool_]) -> Array:
    color = instance_colors(points.instance_id)[row].astype(float)
    return np.where(seen[:, None], color, color + FAINT * (BACKGROUND - color))


def _edges(
    points: Points3D, frame: ViewFrame, shown: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows and both keypoints of every edge whose two ends are shown."""
    kept: list[tuple[int, int, int]] = []
    width = shown.shape[1]
    for row, skeleton in enumerate(points.skeleton):
        for a, b in frame.edges_of(int(skeleton)):
            # A rig described wider than the cloud must not end the viewer.
            if a < width and b < width and shown[row, a] and shown[row, b]:
                kept.append((row, a, b))
    table = np.asarray(kept, np.intp).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
