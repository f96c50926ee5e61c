"""Animals that nobody saw: random plans, each in many sizes and postures.

Recorded animals are of few kinds. What holds for others, too, is that bodies are their own mirror
images but for their posture, that joints bend one way, and that spines and tails bend smoothly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from training.data.bodies import MIRROR, Array, Body, along, frames, placed
from training.data.creature_limbs import Limb
from training.data.creature_plans import Plan, draw_plan
from training.data.poses import FAMILY_END, PoseSet

#: The family of all these sets.
FAMILY = "creature/random"
_LICENSE = "BSD-3-Clause (training/data/creatures.py)"

# Bones of the trunk, whatever keypoints there are on it.
_VERTEBRAE = 6
# Of how limbs turn, the share that follows the gait; standard deviation of how far they are bent.
_GAIT, _FLEXED = 0.7, 0.35
# Standard deviation of how the head turns against the neck, radians.
_NOD = 0.2


def random_creatures(designs: int, poses: int, seed: int = 0) -> dict[str, PoseSet]:
    """Sets of random animals by name, one a plan; +z is up, trunks are about 1 long.

    Args:
        designs: How many plans.
        poses: Of each; every one is another animal in another posture.
        seed: Of everything.
    """
    sets = {}
    for index in range(designs):
        random = np.random.default_rng((seed, index))
        name = f"{FAMILY}{FAMILY_END}{index}"
        sets[name] = _Herd(draw_plan(random), poses, random).body.as_set(name, _LICENSE)
    return sets


class _Herd:
    """N animals of one plan: the trunk first, since everything hangs on it."""

    def __init__(self, plan: Plan, count: int, random: np.random.Generator) -> None:
        self.plan, self.count, self.random = plan, count, random
        self.body = Body()
        self.phase = random.uniform(0, 2 * np.pi, count)
        self._trunk()
        for limb in plan.limbs:
            self._limbs(limb)
        self._front()
        self._tail()

    def _trunk(self) -> None:
        plan, tilt = self.plan, self.plan.tilt * self._normal(self.count, 2)
        self.frame = frames(plan.pitch + tilt[:, 0], 0.0, tilt[:, 1])
        lengths = self._lengths(np.full(_VERTEBRAE, 1 / _VERTEBRAE))
        self.pitch = self._bent(_VERTEBRAE, 0.7 * plan.supple[0])
        self.yaw = self._bent(_VERTEBRAE, plan.supple[0])
        self.back = np.pad(along(lengths, self.pitch, self.yaw), ((0, 0), (1, 0), (0, 0)))
        skin = self._lengths([plan.skin])[:, None] * [0, 0, 1]
        self._add(np.stack([self._at(stop) for stop in plan.spine], 1) + skin)
        for at, height in plan.fins:
            tip = self._at(at)[:, None] + self._lengths([height])[:, None] * [0, 0, 1]
            self._add(tip, self._nearest(at))

    def _limbs(self, limb: Limb) -> None:
        """Both of a pair; they are equally long and move on their own."""
        turn = self._play(limb)
        chain = np.pad(self._flexed(limb, turn), ((0, 0), (1, 0), (0, 0)))
        chain = chain @ frames(0.0, 0.0, turn[:, 2]).swapaxes(-1, -2)
        out = self._lengths([limb.width, 0.0, -limb.low])[:, None]
        whole = np.cos(self.plan.pitch) if limb.hangs else 1.0
        heading = frames(0.0, whole * self.yaw[:, self._vertebra(limb.at)], 0.0)
        frame = heading if limb.hangs else self.frame @ heading
        kept = chain[:, 0 if limb.based else 1 :]
        sides = []
        for local, hip in ((kept[: self.count] * MIRROR, out * MIRROR), (kept[self.count :], out)):
            base = placed(hip, self.frame @ heading, self._world(self._at(limb.at)))
            sides.append(placed(local, frame, base[:, 0]))
        first = self.body.add_pair(*sides, self._nearest(limb.at))
        if limb.bridged:
            self.body.edges.append(first)

    def _play(self, limb: Limb) -> Array:
        """How the left limbs turn as a whole, then the right ones: (2 N, 3) pitch, yaw, roll."""
        apart = self.random.choice([0, np.pi]) + self.random.uniform(0, 2 * np.pi)
        phase = np.concatenate([self.phase + apart, self.phase + self.random.choice([0, np.pi])])
        gait = np.sqrt(2) * np.sin(phase)[:, None] * self.random.choice([-1, 1], 3)
        own = self._normal(2 * self.count, 3)
        return limb.play * (_GAIT * gait + np.sqrt(1 - _GAIT**2) * own)

    def _flexed(self, limb: Limb, turn: Array) -> Array:
        """Chains (2 N, n, 3): all joints bend more or less than at rest, and each a little."""
        more = 1 + _FLEXED * self._normal(2 * self.count, 1)
        stray = limb.loose * self._normal(2 * self.count, len(limb.bones))
        pitch = limb.pitch[0] + (limb.pitch - limb.pitch[0]) * more + np.cumsum(stray, 1)
        yaw = limb.yaw[0] + (limb.yaw - limb.yaw[0]) * more
        lengths = np.tile(self._lengths(limb.bones), (2, 1))
        return along(lengths, pitch + turn[:, :1], yaw + turn[:, 1:2])

    def _front(self) -> None:
        """Neck and head."""
        plan, count = self.plan, len(self.plan.neck)
        pitch = plan.raised[0] + self._bent(count + 1, plan.supple[1])
        yaw = self.yaw[:, -1:] + self._bent(count + 1, plan.supple[1])
        at, joined = self._at(1.0), self._nearest(1.0)
        if count:
            neck = at[:, None] + along(self._lengths(plan.neck), pitch[:, :-1], yaw[:, :-1])
            joined, at = self._add(neck, joined)[-1], neck[:, -1]
        nod = _NOD * self._normal(self.count, 3)
        turned = pitch[:, -1] - plan.raised[1] + nod[:, 0], yaw[:, -1] + nod[:, 1], nod[:, 2]
        frame, at = self.frame @ frames(*turned), self._world(at)
        for offset in plan.head:
            size = self._lengths([plan.face])
            local = (size * offset)[:, None]
            if offset[0]:
                self.body.add_pair(
                    placed(local * MIRROR, frame, at), placed(local, frame, at), joined
                )
            else:
                self.body.add(placed(local, frame, at), joined)

    def _tail(self) -> None:
        count = len(self.plan.tail)
        if count:
            pitch = -self.plan.drop + self._bent(count, self.plan.supple[2])
            yaw = np.pi + self._bent(count, self.plan.supple[2])
            self._add(along(self._lengths(self.plan.tail), pitch, yaw), self._nearest(0.0))

    def _bent(self, count: int, by: float) -> Array:
        """Angles (N, count) of bones in a row that bends as a bow and as a wave."""
        if not count:
            return np.zeros((self.count, 0))
        along_it = self.phase[:, None] + self.plan.waves * np.arange(count)
        bow, wave = 0.7 * by * self._normal(2, self.count, 1)
        bends = (bow + wave * np.sin(along_it) + 0.3 * by * self._normal(self.count, count)) / count
        return np.cumsum(bends, 1)

    def _lengths(self, usual: ArrayLike) -> Array:
        usual = np.asarray(usual, float)
        return usual * np.exp(self.plan.spread * self._normal(self.count, len(usual)))

    def _normal(self, *shape: int) -> Array:
        return self.random.standard_normal(shape)

    def _vertebra(self, at: float) -> int:
        return min(int(at * _VERTEBRAE), _VERTEBRAE - 1)

    def _at(self, at: float) -> Array:
        """Points (N, 3) on the trunk, in its frame."""
        before = self._vertebra(at)
        part = at * _VERTEBRAE - before
        return (1 - part) * self.back[:, before] + part * self.back[:, before + 1]

    def _nearest(self, at: float) -> int:
        return int(np.abs(self.plan.spine - at).argmin())

    def _world(self, points: Array) -> Array:
        return np.einsum("nij,nj->ni", self.frame, points)

    def _add(self, points: Array, joined: int | None = None) -> list[int]:
        """Points (N, k, 3) in the trunk's frame."""
        return self.body.add(points @ self.frame.swapaxes(-1, -2), joined)
