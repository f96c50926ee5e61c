"""How the optical frame lies in the page's world, and from where a person looks at it first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.viewer.frame import Points3D, ViewFrame

Array = NDArray[np.float64]

FIELD_OF_VIEW = np.deg2rad(45.0)
"""Vertical field of view of the browser's camera, radians."""
PANEL_SHARE = 0.25
"""How far the overview is shifted to the left, as a share of the radius of what it shows."""
EXPECTED = np.array([[4.0, -1.5, -1.2], [4.0, 1.5, 0.8]])
"""Corners of where things may turn up, in the world, metres: shown before anything arrived."""


@dataclass(frozen=True)
class Viewpoint:
    """A pose of the browser's camera, in the world.

    Args:
        position: (3,) metres.
        look_at: (3,) metres.
        up: (3,) unit vector.
        fov: Vertical field of view, radians.
    """

    position: Array
    look_at: Array
    up: Array
    fov: float


def world_from_optical(up: tuple[float, float, float]) -> Array:
    """Rotation (3, 3) from the camera's optical frame to the world.

    The world is REP 103's: z against gravity, x where the camera looks (level), y to its left.
    A camera that looks straight up or down has no level direction of view; there x is where the
    upper edge of its image is.

    Args:
        up: Vector against gravity in the optical frame, any length above 0.
    """
    z = np.asarray(up, float)
    length = np.linalg.norm(z)
    z = z / length if length > 0 else np.array([0.0, -1.0, 0.0])
    ahead = np.array([0.0, 0.0, 1.0]) if abs(z[2]) < 0.98 else np.array([0.0, -1.0, 0.0])
    x = ahead - (ahead @ z) * z
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def drawn_points(frame: ViewFrame) -> Array:
    """All points (N, 3) of the estimate and the truth, in the world, metres."""
    sets: list[Points3D] = [p for p in (frame.lifted, frame.truth) if p is not None]
    parts = [p.xyz[p.present].astype(float) for p in sets]
    stacked = np.concatenate(parts) if parts else np.zeros((0, 3))
    return stacked @ world_from_optical(frame.up).T


def overview(points: Array) -> Viewpoint:
    """From behind, beside and above the camera, with it and all points in the picture.

    Args:
        points: (N, 3) in the world, metres; `EXPECTED` where there are none.
    """
    seen = points if len(points) else EXPECTED
    shown = np.concatenate([seen, np.zeros((1, 3))])
    low, high = shown.min(0), shown.max(0)
    centre = (low + high) / 2
    radius = max(np.linalg.norm(high - low) / 2, 0.3)
    direction = np.array([-0.72, 0.52, 0.46])
    # The sphere round everything seen under the narrower angle, a little closer than it would
    # strictly need: its corners are mostly empty.
    distance = 0.78 * radius / np.sin(FIELD_OF_VIEW / 2)
    # To the side by what viser's panel covers: the right quarter of a usual window.
    centre = centre + PANEL_SHARE * radius * np.cross([0.0, 0.0, 1.0], direction)
    position = centre + distance * direction / np.linalg.norm(direction)
    return Viewpoint(position, centre, np.array([0.0, 0.0, 1.0]), float(FIELD_OF_VIEW))


def through_camera(frame: ViewFrame, distance: float) -> Viewpoint:
    """What the camera itself sees, so that the 3D skeletons lie on the detections.

    Args:
        frame: Where the camera and gravity are found.
        distance: How far ahead the point lies that the view turns around, metres.
    """
    rotation = world_from_optical(frame.up)
    return Viewpoint(
        position=np.zeros(3),
        look_at=rotation @ np.array([0.0, 0.0, distance]),
        up=rotation @ np.array([0.0, -1.0, 0.0]),
        fov=vertical_fov(frame),
    )


def vertical_fov(frame: ViewFrame) -> float:
    """Vertical field of view of the camera in radians; `FIELD_OF_VIEW` where it is unknown."""
    if frame.camera is None:
        return float(FIELD_OF_VIEW)
    matrix, (_, height) = frame.camera
    focal = float(matrix[1, 1])
    if not (focal > 0 and height > 0):
        return float(FIELD_OF_VIEW)
    return float(2 * np.arctan(height / (2 * focal)))
