"""What comes out of the lifter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.placement import SCALE_SOURCES, centroid

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pose:
    """Where B canonical structures stand; identity, zeros and 0 px in rows that are not valid.

    ``scale * canonical @ rotation.T + translation`` is the structure in the camera frame, placed
    where its projection fits the observed keypoints best.

    Attributes:
        rotation: (B, 3, 3), canonical to camera, det = +1.
        translation: (B, 3), in ``Lifted.unit``.
        scale: (B,), ``Lifted.unit`` per canonical unit.
        reprojection_px: (B,), root mean square distance in pixels of the projected canonical
            structure from the observed keypoints, weighted with their confidence.
    """

    rotation: Float
    translation: Float
    scale: Float
    reprojection_px: Float


@dataclass(frozen=True, eq=False, repr=False)
class Lifted:
    """What was lifted: B instances, K keypoints. Rows that are not ``valid`` hold zeros.

    Attributes:
        points: (B, K, 3) in the camera's optical frame (x right, y down, z forward). With a camera
            at their place in space; without, around their centroid. See ``unit``.
        canonical: (B, K, 3), the structure in the network's own orientation.
        scale_error: (B,), the relative error (standard deviation of the logarithm) of every length
            and distance that the cue leaves; 0 without a cue, where the unit is the object's own.
        middle_sigma: (B,), expected error of the object's middle in every direction, in ``unit``,
            on top of the scale's.
        sigma: (B, K), expected error of each point, in ``unit``, on top of the scale's.
        observed: (B, K) bool.
        known: (B, K) bool; what is known but not observed was filled in by the network. Of the
            rest, neither seen nor joined to another keypoint, nothing can be said: ``points`` has
            the middle of the object there, and ``sigma`` its radius.
        valid: (B,) bool, whether there were enough distinct keypoints to lift.
        scale_source: B strings, each one of ``lfm_ros.core.placement.SCALE_SOURCES``.
        unit: B strings: ``m``, or ``radius`` where no cue told the size (largest distance from
            the centroid is then 1).
        find_pose: Works ``pose`` out.
        seconds: What each step took: ``normalize``, ``engine``, ``align``, ``place``.
    """

    points: Float
    canonical: Float
    scale_error: Float
    middle_sigma: Float
    sigma: Float
    observed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    scale_source: list[str]
    unit: list[str]
    find_pose: Callable[[], Pose]
    seconds: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"Lifted({told(self.points, self.valid, self.scale_source)})"

    @cached_property
    def pose(self) -> Pose:
        """The pose of ``canonical``, worked out only when it is asked for: ``points`` need none."""
        return self.find_pose()

    @property
    def rotation(self) -> Float:
        """(B, 3, 3), see ``Pose``."""
        return self.pose.rotation

    @property
    def translation(self) -> Float:
        """(B, 3), see ``Pose``."""
        return self.pose.translation

    @property
    def scale(self) -> Float:
        """(B,), see ``Pose``."""
        return self.pose.scale

    @property
    def reprojection_px(self) -> Float:
        """(B,), see ``Pose``."""
        return self.pose.reprojection_px

    @cached_property
    def middle(self) -> Float:
        """(B, 3), mean of the known points: where an instance is, in ``unit``."""
        middle = centroid(self.points, None if self.known.all() else self.known)
        return middle.astype(np.float32, copy=False)

    @property
    def place_sigma(self) -> Float:
        """(B,), expected error of ``middle`` in ``unit``, all directions together."""
        x, y, z = self.middle[:, 0], self.middle[:, 1], self.middle[:, 2]
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

    def only(self, which: ArrayLike) -> Lifted:
        """Some of the instances.

        Args:
            which: Their rows, in the order that is wanted; or a mask (B,) of booleans.
        """
        rows = np.atleast_1d(which)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        values = {item.name: _picked(getattr(self, item.name), rows) for item in fields(Lifted)}
        return Lifted(**{**values, "find_pose": partial(_some_poses, self, rows)})


def told(points: Float, valid: NDArray[np.bool_], sources: list[str]) -> str:
    """Instances in a few words."""
    by = sorted(
        {source for source, is_valid in zip(sources, valid.tolist(), strict=True) if is_valid}
    )
    return (
        f"{np.count_nonzero(valid)} of {len(valid)} instances, {points.shape[1]} keypoints, "
        f"scale: {', '.join(by) or 'none'}"
    )


def nothing(count: int, width: int, seconds: dict[str, float]) -> Lifted:
    """B = ``count`` instances of K = ``width`` keypoints, none of them lifted."""
    return Lifted(
        points=np.zeros((count, width, 3), np.float32),
        canonical=np.zeros((count, width, 3), np.float32),
        scale_error=np.zeros(count, np.float32),
        middle_sigma=np.zeros(count, np.float32),
        sigma=np.zeros((count, width), np.float32),
        observed=np.zeros((count, width), bool),
        known=np.zeros((count, width), bool),
        valid=np.zeros(count, bool),
        scale_source=[SCALE_SOURCES[0]] * count,
        unit=["radius"] * count,
        find_pose=partial(_no_pose, count),
        seconds=seconds,
    )


def scattered(lifted: Lifted, rows: NDArray[np.intp], count: int) -> Lifted:
    """The lifted rows at their places among ``count``, the others as ``nothing`` has them."""
    whole = nothing(count, lifted.points.shape[1], lifted.seconds)
    for item in fields(Lifted):
        target, values = getattr(whole, item.name), getattr(lifted, item.name)
        if isinstance(target, np.ndarray):
            target[rows] = values
        elif isinstance(target, list):
            for row, value in zip(rows, values, strict=True):
                target[row] = value
    return replace(whole, find_pose=partial(_scattered_poses, lifted, rows, count))


def _no_pose(count: int) -> Pose:
    return Pose(
        rotation=np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        translation=np.zeros((count, 3), np.float32),
        scale=np.zeros(count, np.float32),
        reprojection_px=np.zeros(count, np.float32),
    )


def _some_poses(lifted: Lifted, rows: NDArray[np.intp]) -> Pose:
    return Pose(*(getattr(lifted.pose, item.name)[rows] for item in fields(Pose)))


def _scattered_poses(lifted: Lifted, rows: NDArray[np.intp], count: int) -> Pose:
    whole = _no_pose(count)
    for item in fields(Pose):
        getattr(whole, item.name)[rows] = getattr(lifted.pose, item.name)
    return whole


def _picked(value: Any, rows: NDArray[np.intp]) -> Any:
    if isinstance(value, list):
        return [value[row] for row in rows.tolist()]
    return value[rows] if isinstance(value, np.ndarray) else value
