"""What comes out of the lifter."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.placement import SCALE_SOURCES

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Lifted:
    """What was lifted: B instances, K keypoints. Rows that are not ``valid`` hold zeros.

    Attributes:
        points: (B, K, 3) in the camera's optical frame (x right, y down, z forward). With a camera
            at their place in space; without, around their centroid. See ``unit``.
        canonical: (B, K, 3), the structure in the network's own orientation.
        rotation: (B, 3, 3), canonical to camera, det = +1.
        translation: (B, 3), in ``unit``.
        scale: (B,), ``unit`` per canonical unit. ``scale * canonical @ rotation.T + translation``
            is the canonical structure in the camera frame, placed where its projection fits the
            observed keypoints best; ``residual`` is what ``points`` add.
        scale_error: (B,), the relative error (standard deviation of the logarithm) of every length
            and distance that the cue leaves; 0 without a cue, where the unit is the object's own.
        middle_sigma: (B,), expected error of the object's middle in every direction, in ``unit``,
            on top of the scale's.
        sigma: (B, K), expected error of each point, in ``unit``, on top of the scale's.
        observed: (B, K) bool.
        known: (B, K) bool; what is known but not observed was filled in by the network. Of the
            rest, neither seen nor joined to another keypoint, nothing can be said: ``points`` has
            the middle of the object there, and ``sigma`` its radius.
        reprojection_px: (B,), root mean square distance in pixels of the projected canonical
            structure from the observed keypoints, weighted with their confidence.
        valid: (B,) bool, whether there were enough distinct keypoints to lift.
        scale_source: B strings, each one of ``lfm_ros.core.placement.SCALE_SOURCES``.
        unit: B strings: ``m``, or ``radius`` where no cue told the size (largest distance from
            the centroid is then 1).
        seconds: What each step took: ``normalize``, ``engine``, ``align``, ``place``.
    """

    points: Float
    canonical: Float
    rotation: Float
    translation: Float
    scale: Float
    scale_error: Float
    middle_sigma: Float
    sigma: Float
    observed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    reprojection_px: Float
    valid: NDArray[np.bool_]
    scale_source: list[str]
    unit: list[str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def place_sigma(self) -> Float:
        """(B,), expected error of ``translation`` in ``unit``, all directions together."""
        x, y, z = self.translation[:, 0], self.translation[:, 1], self.translation[:, 2]
        along = np.square(self.scale_error) * (x * x + y * y + z * z)
        return np.sqrt(along + 3 * np.square(self.middle_sigma))

    @property
    def scale_sigma(self) -> Float:
        """(B,), standard deviation of ``scale``, in its unit."""
        return self.scale_error * self.scale

    @property
    def translation_cov(self) -> Float:
        """(B, 3, 3), covariance of ``translation``, ``unit`` squared.

        Along the ray the error of the scale, and in every direction that of the object's middle.
        """
        along = self.scale_error[:, None] * self.translation
        around = np.square(self.middle_sigma)[:, None, None] * np.eye(3, dtype=np.float32)
        return along[:, :, None] * along[:, None] + around

    @property
    def residual(self) -> Float:
        """(B, K, 3), ``points`` less the rotated, scaled and shifted canonical structure."""
        turned = self.canonical @ np.swapaxes(self.rotation, -1, -2)
        return self.points - (self.scale[:, None, None] * turned + self.translation[:, None])


def nothing(count: int, width: int, seconds: dict[str, float]) -> Lifted:
    """B = ``count`` instances of K = ``width`` keypoints, none of them lifted."""
    return Lifted(
        points=np.zeros((count, width, 3), np.float32),
        canonical=np.zeros((count, width, 3), np.float32),
        rotation=np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        translation=np.zeros((count, 3), np.float32),
        scale=np.zeros(count, np.float32),
        scale_error=np.zeros(count, np.float32),
        middle_sigma=np.zeros(count, np.float32),
        sigma=np.zeros((count, width), np.float32),
        observed=np.zeros((count, width), bool),
        known=np.zeros((count, width), bool),
        reprojection_px=np.zeros(count, np.float32),
        valid=np.zeros(count, bool),
        scale_source=[SCALE_SOURCES[0]] * count,
        unit=["radius"] * count,
        seconds=seconds,
    )


def scattered(lifted: Lifted, rows: NDArray[np.int64], count: int) -> Lifted:
    """The lifted rows at their places among ``count``, the others as ``nothing`` has them."""
    whole = nothing(count, lifted.points.shape[1], lifted.seconds)
    for item in fields(Lifted):
        target, values = getattr(whole, item.name), getattr(lifted, item.name)
        if isinstance(target, np.ndarray):
            target[rows] = values
        elif isinstance(target, list):
            for row, value in zip(rows, values, strict=True):
                target[row] = value
    return whole
