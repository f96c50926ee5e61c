"""Plans of animals that nobody saw: how many of what sits where, and how it bends.

Lengths are in trunks, angles in radians.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.data.creature_limbs import Array, Limb, Random, fin, leg, parts, sprawled, wing

_FEWEST, _MOST = 6, 32

#: What may be on a head, in head sizes (right, ahead, up); those off the mirror come twice.
_NOSE, _JAW, _CROWN = (0.0, 1.0, -0.1), (0.0, 0.7, -0.45), (0.0, 0.1, 0.5)
_EYE, _EAR = (0.35, 0.45, 0.25), (0.45, -0.1, 0.45)


@dataclass(frozen=True)
class Plan:
    """One kind of animal.

    Attributes:
        pitch: Of the trunk at rest.
        tilt: Standard deviation of the trunk's pitch and roll.
        spine: (s,) where on the trunk there are keypoints.
        skin: How far these are above the spine.
        neck: (n,) lengths; the last ends in the head.
        raised: Pitch of the neck above the trunk's, and how much lower the head is held.
        head: (h, 3) what is on it, times ``face``.
        face: Size of the head.
        tail: (t,) lengths.
        drop: Pitch of the tail below the trunk's.
        fins: (f, 2) points above or below the spine: where on the trunk, how high.
        supple: Standard deviations of how far trunk, neck and tail bend in all.
        waves: How far bends along the tail or trunk differ in phase.
        limbs: From the rear.
        spread: How far animals of this kind differ in every measure.
    """

    pitch: float
    tilt: float
    spine: Array
    skin: float
    neck: Array
    raised: tuple[float, float]
    head: Array
    face: float
    tail: Array
    drop: float
    fins: Array
    supple: Array
    waves: float
    limbs: tuple[Limb, ...]
    spread: float

    def __len__(self) -> int:
        """Keypoints of both sides."""
        middle = len(self.spine) + len(self.neck) + len(self.tail) + len(self.fins)
        head = sum(2 if x else 1 for x in self.head[:, 0])
        return middle + head + sum(2 * (len(limb.bones) + limb.based) for limb in self.limbs)


def draw_plan(random: Random) -> Plan:
    """A random plan with as many keypoints as detectors of animals have."""
    while True:
        plan = _KINDS[random.integers(len(_KINDS))](random)
        if _FEWEST <= len(plan) <= _MOST:
            return plan


def _quadruped(random: Random) -> Plan:
    rear, front = leg(random, 0.0), leg(random, 1.0)
    return _plan(random, random.normal(0, 0.15), (rear, front))


def _biped(random: Random) -> Plan:
    """Birds and dinosaurs: legs at the hip, a raised trunk, perhaps wings or small arms."""
    limbs = [leg(random, random.uniform(0, 0.4))]
    arms = random.integers(3)
    if arms == 0:
        limbs.append(wing(random, random.uniform(0.5, 1)))
    elif arms == 1:
        limbs.append(leg(random, 1.0, 0.4))
    return _plan(random, random.uniform(0.2, 1.1), tuple(limbs), tilt=0.12)


def _ape(random: Random) -> Plan:
    """Upright, or leaning on its arms."""
    limbs = (leg(random, 0.0, 1.2), leg(random, 1.0, 1.2, play=0.7))
    return _plan(random, random.uniform(0.6, np.pi / 2), limbs, tilt=0.2, tail=0.3)


def _sprawler(random: Random) -> Plan:
    """Lizards on two pairs of legs, insects on three, spiders on four."""
    pairs = int(random.choice([2, 2, 3, 3, 3, 4]))
    bones = int(random.integers(2, 5))
    rear, front = (0.0, 1.0) if pairs == 2 else (random.uniform(0.1, 0.5), random.uniform(0.6, 1))
    length, up = random.uniform(0.5, 1.5), random.uniform(-0.3, 0.9)
    yaws = np.linspace(random.uniform(1.8, 2.6), random.uniform(0.5, 1.4), pairs)
    limbs = [
        sprawled(random, at, bones, length, up, yaw)
        for at, yaw in zip(np.linspace(rear, front, pairs), yaws, strict=True)
    ]
    limbs += [wing(random, random.uniform(0.4, 1))] * (random.random() < 0.15)
    return _plan(random, random.normal(0, 0.15), tuple(limbs))


def _flyer(random: Random) -> Plan:
    limbs = [wing(random, random.uniform(0.5, 1))]
    limbs += [leg(random, 0.0, 0.6)] * (random.random() < 0.7)
    return _plan(random, random.normal(0.1, 0.3), tuple(limbs), tilt=0.4)


def _swimmer(random: Random) -> Plan:
    """Fins on the sides, above and below; a long tail."""
    pairs = int(random.integers(0, 3))
    limbs = tuple(fin(random, at) for at in random.uniform(0.1, 1, pairs))
    fins = random.uniform((0.0, -0.4), (1.0, 0.4), (int(random.integers(0, 4)), 2))
    plan = _plan(random, 0.0, limbs, tilt=0.4, tail=1.0)
    return replace(plan, fins=fins)


_KINDS: tuple[Callable[[Random], Plan], ...] = (
    *(_quadruped, _quadruped, _quadruped),
    *(_biped, _ape, _sprawler, _sprawler, _flyer, _swimmer),
)


def _plan(
    random: Random, pitch: float, limbs: tuple[Limb, ...], tilt: float = 0.08, tail: float = 0.75
) -> Plan:
    """Spine, neck, head and tail for these limbs; ``tail``: the share of plans that have one."""
    stops = int(random.integers(1, 7))
    spine = np.sort(random.uniform(0, 1, stops)) if stops < 3 else np.linspace(0, 1, stops)
    tails = int(random.integers(1, 7)) if random.random() < tail else 0
    return Plan(
        pitch=pitch,
        tilt=tilt * random.uniform(0.5, 1.5),
        spine=spine,
        skin=random.uniform(0, 0.15) * (random.random() < 0.4),
        neck=parts(random, int(random.integers(0, 4)), random.uniform(0.2, 0.9)),
        raised=(random.uniform(-0.2, 1.3), random.uniform(0, 1.0)),
        head=_head(random),
        face=random.uniform(0.12, 0.4),
        tail=parts(random, tails, random.uniform(0.15, 1.4)),
        drop=random.normal(0.2, 0.5),
        fins=np.zeros((0, 2)),
        supple=random.uniform(0.1, (0.5, 0.7, 1.0)),
        waves=random.uniform(0, 1.5),
        limbs=limbs,
        spread=random.uniform(0.05, 0.25),
    )


def _head(random: Random) -> Array:
    there = random.random(5) < random.choice([0.2, 0.5, 0.8])
    offsets = np.array([_NOSE, _JAW, _CROWN, _EYE, _EAR])[there]
    return offsets * random.uniform(0.6, 1.4, offsets.shape)
