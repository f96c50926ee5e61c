"""Poses of our own kinematics: training without any data at hand."""

from __future__ import annotations

import numpy as np

from lfm_ros.scene import RIGS, sample_rig
from training.data.poses import PoseSet

POSES, SEQUENCES, HELD_OUT = 4000, 40, 6
LICENSE = "BSD-3-Clause"
UP = np.array([0, 0, 1], np.float32)


def builtin_sets(seed: int = 0) -> tuple[dict[str, PoseSet], dict[str, list[int]]]:
    """Every rig of the built-in scene in random poses and sizes, and its validation sequences."""
    sets = {}
    for i, rig in enumerate(RIGS):
        xyz, skeleton = sample_rig(rig, POSES, np.random.default_rng((seed, i)))
        valid = np.ones(xyz.shape[:2], bool)
        sequence = np.arange(POSES) * SEQUENCES // POSES
        name = f"builtin/{rig}"
        sets[name] = PoseSet(name, xyz.astype(np.float32), valid, sequence, UP, skeleton, LICENSE)
    return sets, {name: list(range(HELD_OUT)) for name in sets}
