"""Poses of a robot from its URDF: a lifter for the robot at hand needs no data set."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lfm_ros.core.errors import InputError
from lfm_ros.urdf import load_robot
from training.data.poses import PoseSet

POSES, SEQUENCES, HELD_OUT = 8000, 40, 6
# Fewer keypoints than this are never valid (DESIGN.md, section 2).
FEWEST_KEYPOINTS = 4
UP = np.array([0, 0, 1], np.float32)


def link_names(text: str) -> list[str] | None:
    """The links of a comma separated list; None, so that they are chosen, if it is empty."""
    return [link.strip() for link in text.split(",") if link.strip()] or None


def urdf_sets(
    path: Path | str, links: Sequence[str] | None = None, poses: int = POSES, seed: int = 0
) -> tuple[dict[str, PoseSet], dict[str, list[int]]]:
    """A robot in random configurations, and its validation sequences.

    The frame is that of the root link, z up. Configurations are drawn one by one (see
    ``Robot.sample``), so a sequence is no motion, only a part of them that a split keeps together.
    What the URDF leaves open is said on stderr.

    Args:
        path: The ``.urdf`` file, or the XML itself.
        links: Which links are keypoints; None chooses (see ``load_robot``).
        poses: How many configurations.
        seed: Of the configurations.

    Returns:
        One set, named ``robot/`` and what the URDF calls the robot; its held-out sequences by name.

    Raises:
        SkeletonError: The URDF or the links are not usable.
        InputError: There are too few keypoints or poses.
    """
    robot = load_robot(path, links)
    for note in robot.notes:
        print(f"{robot.name}: {note}", file=sys.stderr)
    if len(robot.skeleton) < FEWEST_KEYPOINTS:
        raise InputError(
            f"{robot.name!r} has {len(robot.skeleton)} keypoints "
            f"({', '.join(robot.skeleton.names)}); give at least {FEWEST_KEYPOINTS} links"
        )
    if poses < SEQUENCES:
        raise InputError(f"{poses} poses are too few to hold any out; give at least {SEQUENCES}")
    xyz = robot.forward(robot.sample(poses, np.random.default_rng(seed))).astype(np.float32)
    valid = np.ones(xyz.shape[:2], bool)
    sequence = np.arange(poses) * SEQUENCES // poses
    name = f"robot/{re.sub(r'[^A-Za-z0-9_.-]+', '_', robot.name)}"
    made = PoseSet(name, xyz, valid, sequence, UP, robot.skeleton, "that of its URDF")
    return {name: made}, {name: list(range(HELD_OUT))}
