"""A rig: a tree of joints, how it usually moves, how far it can bend, and how bodies differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.rotations import random_rotations
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.kinematics import Array, Tree, matrix_from_angles
from lfm_ros.skeletons import load_skeleton

Motion = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Rig:
    """One kind of object of the scene.

    Attributes:
        name: Registered name of its skeleton; every keypoint is a node of ``tree``.
        tree: Joints and offsets of a usual specimen.
        motion: Seconds (N,) to the angles (N, J, 3) of the usual motion.
        limits: (J, 3, 2) radians: lowest and highest angle of each joint.
        upright: It keeps its z axis up; otherwise it may be turned any way.
        grounded: Its lowest keypoint touches the ground.
        size_spread: Standard deviation of the logarithm of the overall size.
        build_spread: The same for the stretch along each body axis.
        bone_spread: The same for single bones; left and right stay equal.
    """

    name: str
    tree: Tree
    motion: Motion
    limits: Array
    upright: bool = True
    grounded: bool = True
    size_spread: float = 0.12
    build_spread: float = 0.06
    bone_spread: float = 0.06

    @cached_property
    def skeleton(self) -> Skeleton:
        """The registered skeleton, from ``config/skeletons``."""
        return load_skeleton(self.name)

    @cached_property
    def nodes(self) -> tuple[int, ...]:
        """Tree node of each keypoint."""
        return tuple(self.tree.index(name) for name in self.skeleton.names)

    def bodies(self, count: int, rng: np.random.Generator, variety: float = 1.0) -> Array:
        """Random proportions: factors (count, J, 3) on the tree's offsets.

        ``variety`` scales all three spreads.
        """
        kinds = [_kind(name) for name in self.tree.names]
        unique = sorted(set(kinds))
        bones = rng.normal(0.0, self.bone_spread, (count, len(unique)))
        size = rng.normal(0.0, self.size_spread, (count, 1, 1))
        build = rng.normal(0.0, self.build_spread, (count, 1, 3))
        single = bones[:, [unique.index(k) for k in kinds], None]
        return np.exp(variety * (size + build + single))

    def keypoints(
        self, angles: Array, bodies: Array | None = None, rotation: Array | None = None
    ) -> Array:
        """Keypoints (N, K, 3) in metres of poses (N, J, 3), z up.

        The root is in the origin; what is grounded is lifted until its lowest keypoint is at z = 0.
        """
        points = self.tree.forward(angles, bodies, rotation)[:, self.nodes]
        if self.grounded:
            points[..., 2] -= points[..., 2].min(axis=1, keepdims=True)
        return points

    def poses(self, count: int, rng: np.random.Generator) -> Array:
        """Random plausible angles (count, J, 3): the usual motion, blended towards the limits.

        Each pose has its own share of the random part, most often a small one.
        """
        usual = self.motion(rng.uniform(0.0, 1e3, count))
        low, high = self.limits[..., 0], self.limits[..., 1]
        anywhere = low + (high - low) * rng.beta(2.0, 2.0, usual.shape)
        share = rng.beta(1.0, 1.5, (count, 1, 1))
        return usual + share * (anywhere - usual)

    def orientations(self, count: int, rng: np.random.Generator) -> Array:
        """Random rotations (count, 3, 3): about the vertical if upright, else any (uniform)."""
        if self.upright:
            yaw = rng.uniform(-np.pi, np.pi, count)
            return matrix_from_angles(np.stack([0 * yaw, 0 * yaw, yaw], -1))
        return random_rotations(count, rng)

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Keypoints (count, K, 3) of random bodies in random poses, metres, z up."""
        bodies, poses = self.bodies(count, rng), self.poses(count, rng)
        return self.keypoints(poses, bodies, self.orientations(count, rng))


def limits_of(tree: Tree, degrees: dict[str, tuple[tuple[float, float], ...]]) -> Array:
    """Limits (J, 3, 2) in radians from (lowest, highest) degrees of roll, pitch, yaw by node."""
    out = np.zeros((len(tree), 3, 2))
    for name, axes in degrees.items():
        out[tree.index(name)] = np.deg2rad(axes)
    return out


def _kind(name: str) -> str:
    """What bones that have one length share: a name without its side and its end."""
    for side in ("left_", "right_"):
        name = name.removeprefix(side)
    for end in ("_front", "_rear"):
        name = name.removesuffix(end)
    return name
