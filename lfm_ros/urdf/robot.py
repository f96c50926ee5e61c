"""A robot: keypoints on its links, and where they are in any configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.core.placement import size
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.urdf.file import read_urdf
from lfm_ros.urdf.kinematics import Kinematics
from lfm_ros.urdf.rig import contracted_edges, named_links, telling_links

Array = NDArray[np.float64]

# Configurations that measure the robot: enough for a median to 1 %, drawn alike every time.
_MEASURED = 512
# Two robots of one URDF are never built exactly alike.
_LEAST_SPREAD = 0.01


class Robot:
    """Keypoints on a robot's links. Made by ``load_robot``.

    Attributes:
        name: What its file calls it.
        skeleton: Names are links; edges are the kinematic tree contracted to them; left/right pairs
            are guessed from names; the nominal size is the median over random configurations.
        joints: Names of the D values of a configuration (see ``Kinematics.variables``).
        limits: (D, 2) lowest and highest value of each, radians or metres.
        notes: Sentences on what the file leaves open and how that was settled.
    """

    def __init__(self, name: str, kinematics: Kinematics, links: Sequence[int]) -> None:
        self.name = name
        self.joints = kinematics.variables
        self.limits = kinematics.limits
        self.notes: tuple[str, ...] = ()
        self._kinematics = kinematics
        self._links = list(links)
        self.skeleton = self._skeleton()

    def forward(self, q: Array) -> Array:
        """Keypoints of configurations.

        Args:
            q: (N, D), in the order of ``joints``. Limits are not enforced.

        Returns:
            (N, K, 3) metres in the frame of the root link (REP 103: x forward, y left, z up).

        Raises:
            InputError: ``q`` has another shape, or a value that is not finite.
        """
        return self._kinematics.forward(q)[:, self._links]

    def sample(self, n: int, rng: np.random.Generator, near_rest: float = 0.5) -> Array:
        """Random configurations (n, D) within the limits.

        Uniform between the limits; but a share of them, ``near_rest``, is drawn towards the rest
        pose (zero, or the limit next to it) by a factor of its own, uniform in 0 to 1, since robots
        at work are seldom at all their limits at once. Each joint is drawn alone: neither
        self-collision nor the ground is looked at.

        Raises:
            InputError: ``n`` is negative, or ``near_rest`` is no share.
        """
        if n < 0 or not 0 <= near_rest <= 1:
            raise InputError(
                f"cannot sample {n} configurations with a share of {near_rest} near the rest pose; "
                "give a number of 0 or more and a share from 0 to 1"
            )
        return sampled(self.limits, n, rng, near_rest)

    def _skeleton(self) -> Skeleton:
        names = [self._kinematics.links[i] for i in self._links]
        edges = contracted_edges(self._kinematics.parents, self._links)
        bare = Skeleton(names, edges, name=self.name)  # which reads left and right from the names
        sizes = size(self.forward(measured(self.limits)), bare)
        usual, spread = float(np.median(sizes)), max(float(np.log(sizes).std()), _LEAST_SPREAD)
        return replace(bare, nominal_size=float(f"{usual:.4g}"), size_spread=float(f"{spread:.2g}"))


def load_robot(source: str | Path, links: Sequence[str] | None = None) -> Robot:
    """A robot from its URDF; meshes are not looked at.

    Args:
        source: Path of a ``.urdf`` file, or the XML itself.
        links: Which links are keypoints, in this order. None: the base, every link that a joint
            moves, and the ends of fixed chains, those at one place taken once (see ``notes``).

    Raises:
        SkeletonError: The file is not a URDF or not one tree, a link is unknown, named twice or
            always at the place of another, or fewer than two are left.
    """
    urdf = read_urdf(source)
    kinematics = Kinematics(urdf)
    places = kinematics.forward(measured(kinematics.limits))
    notes = kinematics.notes
    if links is None:
        chosen, left_out = telling_links(urdf, places)
        notes = [*notes, *left_out]
    else:
        chosen = named_links(urdf, links, places)
    if len(chosen) < 2:
        found = ", ".join(urdf.links[i] for i in chosen) or "none"
        raise SkeletonError(
            f"{urdf.name!r}: a skeleton needs two links at different places, found {found}; "
            f"choose from {', '.join(urdf.links)}"
        )
    robot = Robot(urdf.name, kinematics, chosen)
    robot.notes = tuple(notes)
    return robot


def sampled(limits: Array, n: int, rng: np.random.Generator, near_rest: float) -> Array:
    """``Robot.sample`` of limits (D, 2)."""
    low, high = limits.T
    rest = np.clip(0.0, low, high)
    anywhere = rng.uniform(low, high, (n, len(limits)))
    amplitude = np.where(rng.random((n, 1)) < near_rest, rng.random((n, 1)), 1.0)
    return rest + amplitude * (anywhere - rest)


def measured(limits: Array) -> Array:
    """The configurations (N, D) that sizes and coincidences are measured in."""
    return sampled(limits, _MEASURED, np.random.default_rng(0), 0.5)
