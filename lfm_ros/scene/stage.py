"""Where things are: the camera's pose in the world, and paths that objects move on.

The world has z up, x away from the camera, y to the left, and its origin on the floor below the
camera. Metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.scene.kinematics import matrix_from_angles

Array = NDArray[np.float64]

CAMERA_HEIGHT = 1.6
CAMERA_PITCH = float(np.deg2rad(10.0))
CAMERA = Intrinsics.from_field_of_view(float(np.deg2rad(70.0)), (1280, 720))

# Rows: the camera's right, down and forward axes in the world.
CAMERA_FROM_WORLD = np.array(
    [
        [0.0, -1.0, 0.0],
        [-np.sin(CAMERA_PITCH), 0.0, -np.cos(CAMERA_PITCH)],
        [np.cos(CAMERA_PITCH), 0.0, -np.sin(CAMERA_PITCH)],
    ]
)
UP = CAMERA_FROM_WORLD @ [0.0, 0.0, 1.0]


def to_camera(points: ArrayLike) -> Array:
    """World points (..., 3) in the camera's optical frame."""
    return (np.asarray(points, np.float64) - [0.0, 0.0, CAMERA_HEIGHT]) @ CAMERA_FROM_WORLD.T


def in_image(pixels: Array, depth: Array) -> NDArray[np.bool_]:
    """Which pixels (..., 2) at ``depth`` (...) in metres the camera sees."""
    width, height = CAMERA.size
    inside = (pixels >= 0).all(-1) & (pixels[..., 0] < width) & (pixels[..., 1] < height)
    return inside & (depth > 0.05)


def yawed(yaw: ArrayLike, pitch: ArrayLike = 0.0, roll: ArrayLike = 0.0) -> Array:
    """Rotation (3, 3) from a body's frame to the world, angles in radians."""
    return matrix_from_angles(np.array([roll, pitch, yaw], np.float64))


@dataclass(frozen=True)
class Circle:
    """A round walk at constant speed, counter-clockwise seen from above.

    Attributes:
        centre: World x and y in metres.
        radius: Metres.
        speed: Metres a second along the circle.
        start: Angle in radians at time 0.
    """

    centre: tuple[float, float]
    radius: float
    speed: float
    start: float = 0.0

    def at(self, seconds: float) -> tuple[Array, Array]:
        """World position (3,) on the floor and rotation (3, 3), x along the way."""
        angle = self.start + self.speed * seconds / self.radius
        x = self.centre[0] + self.radius * np.cos(angle)
        y = self.centre[1] + self.radius * np.sin(angle)
        return np.array([x, y, 0.0]), yawed(angle + np.pi / 2)
