"""The limbs of random animals: legs, sprawling legs, wings and fins.

Lengths are in trunks, angles in radians. A limb is that of the right side; the left mirrors it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.Generator

_DOWN = -np.pi / 2


@dataclass(frozen=True)
class Limb:
    """A chain of bones on either side.

    Attributes:
        at: Where on the trunk: 0 is its rear end, 1 its front.
        width: From the mirror to the hip or shoulder.
        low: How far that is below the spine.
        bones: (n,) lengths.
        pitch: (n,) at rest, of each bone itself.
        yaw: (n,) the same; zero is ahead, positive outwards.
        play: (3,) standard deviations of how the whole limb turns: pitch, yaw, roll.
        loose: Standard deviation of each further joint.
        hangs: It keeps to gravity; wings and fins keep to the trunk.
        based: The hip or shoulder is a keypoint.
        bridged: Both of them are joined.
    """

    at: float
    width: float
    low: float
    bones: Array
    pitch: Array
    yaw: Array
    play: Array
    loose: float
    hangs: bool
    based: bool
    bridged: bool


def leg(random: Random, at: float, longer: float = 1.0, play: float = 0.35) -> Limb:
    """Bones that hang down and lean ahead and back by turns; the last may be a foot."""
    count = int(random.integers(2, 5))
    ahead = random.choice([-1, 1]) * (-1.0) ** np.arange(count)
    pitch = _DOWN + ahead * random.uniform(0.1, 0.9, count)
    if count > 2 and random.random() < 0.5:
        pitch[-1] = random.uniform(-0.8, 0.1)
    bones = parts(random, count, longer * random.uniform(0.4, 1.2))
    yaw = np.full(count, random.uniform(0, 0.3))
    return _limb(random, at, bones, pitch, yaw, np.array([play, 0.15, 0.15]))


def sprawled(random: Random, at: float, count: int, length: float, up: float, yaw: float) -> Limb:
    """Bones that leave sideways, rise, and come down to the ground."""
    pitch = np.linspace(up, random.uniform(-1.5, -0.6), count)
    pitch[0] = random.uniform(-0.8, 0.3) if count == 4 else pitch[0]
    bones = parts(random, count, length * random.uniform(0.8, 1.2))
    return _limb(random, at, bones, pitch, np.full(count, yaw), np.array([0.15, 0.35, 0.15]))


def wing(random: Random, at: float) -> Limb:
    """Bones that leave sideways and fold ahead and back by turns."""
    count = int(random.integers(2, 5))
    fold = random.uniform(0, 0.9) * (-1.0) ** np.arange(count)
    yaw = np.pi / 2 - fold + random.normal(0, 0.15, count)
    bones = parts(random, count, random.uniform(0.7, 2.0))
    play = np.array([0.05, 0.25, 0.6])
    limb = _limb(random, at, bones, random.normal(0, 0.1, count), yaw, play)
    return replace(limb, hangs=False)


def fin(random: Random, at: float) -> Limb:
    count = int(random.integers(1, 3))
    yaw = np.full(count, random.uniform(1.2, 2.6))
    bones = parts(random, count, random.uniform(0.15, 0.6))
    pitch = np.full(count, random.normal(-0.2, 0.4))
    limb = _limb(random, at, bones, pitch, yaw, np.array([0.2, 0.35, 0.35]))
    return replace(limb, hangs=False)


def parts(random: Random, count: int, total: float) -> Array:
    """Lengths of like bones that are so long together."""
    lengths = random.uniform(0.5, 1.5, count)
    return total * lengths / max(lengths.sum(), 1e-9)


def _limb(random: Random, at: float, bones: Array, pitch: Array, yaw: Array, play: Array) -> Limb:
    return Limb(
        at=at,
        width=random.uniform(0.05, 0.25),
        low=random.uniform(0, 0.2) * (random.random() < 0.6),
        bones=bones,
        pitch=pitch,
        yaw=yaw,
        play=play * random.uniform(0.5, 1.3),
        loose=random.uniform(0.05, 0.3),
        hangs=True,
        based=bool(random.random() < 0.7),
        bridged=bool(random.random() < 0.2),
    )
