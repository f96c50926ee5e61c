"""Hands with rigs that nobody saw: random plans of palms and fingers, each in many postures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from training.data.bodies import Array, Body, along, frames, placed
from training.data.poses import FAMILY_END, PoseSet

#: The family of all these sets.
FAMILY = "hand_like/random"
_LICENSE = "BSD-3-Clause (training/data/hand_plans.py)"

_FEWEST, _MOST = 6, 26
# Of 0 knuckle, 1 and 2 the joints after it and 3 the tip: what is a keypoint of every finger.
_KEPT = ((0, 1, 2, 3), (0, 1, 2, 3), (1, 2, 3), (0, 1, 3), (0, 2, 3), (1, 3), (0, 3), (3,))
# Right, ahead and up of the wrist, in palm lengths: the base of the thumb, and the palm's corners.
_THUMB_BASE = (-0.25, 0.25, -0.08)
_CORNERS = ((-0.28, 0.1, 0.0), (0.28, 0.1, 0.0))
# Lengths of their bones, in palm lengths.
_FINGER, _THUMB = (0.5, 0.3, 0.22), (0.45, 0.36, 0.28)
# Shares of hands with a thumb, and of rigs whose fingers hang on the first point of the palm.
_WITH_THUMB, _ON_FIRST = 0.9, 0.7
# Radians of the three joints of a closed finger, and of how the thumb's turn inwards.
_CLOSED, _THUMB_CLOSED = (1.45, 1.75, 1.1), (0.3, 0.6, 0.9)


@dataclass(frozen=True)
class _Plan:
    """One kind of hand with one rig.

    Attributes:
        roots: (f, 3) knuckles; those of a thumb come first.
        bones: (f, 3) lengths.
        fan: (f,) yaw of each finger when spread as usual.
        kept: Which of each finger's points are keypoints.
        wrist: Whether it is a keypoint.
        palm: (p, 3) further points of the palm.
        forearm: (a,) lengths of what is behind the wrist.
        ring: Fingers are joined to each other, and only the outer ones to the palm.
        thumb: The first finger is one.
        spread: How far hands of this kind differ in every measure.
    """

    roots: Array
    bones: Array
    fan: Array
    kept: tuple[tuple[int, ...], ...]
    wrist: bool
    palm: Array
    forearm: Array
    ring: bool
    thumb: bool
    spread: float

    def __len__(self) -> int:
        fingers = sum(len(kept) for kept in self.kept)
        return self.wrist + len(self.palm) + len(self.forearm) + fingers


def random_hands(designs: int, poses: int, seed: int = 0) -> dict[str, PoseSet]:
    """Sets of random right hands by name, one a rig; +z is up, palms are about 1 long.

    Args:
        designs: How many rigs.
        poses: Of each; every one is another hand in another posture.
        seed: Of everything.
    """
    sets = {}
    for index in range(designs):
        random = np.random.default_rng((seed, index))
        name = f"{FAMILY}{FAMILY_END}{index}"
        body = _Hands(_draw_plan(random), poses, random).body
        sets[name] = body.as_set(name, _LICENSE, side="right")
    return sets


def _draw_plan(random: np.random.Generator) -> _Plan:
    while True:
        plan = _any_plan(random)
        if _FEWEST <= len(plan) <= _MOST:
            return plan


def _any_plan(random: np.random.Generator) -> _Plan:
    roots, bones, thumb = _shape(random)
    kept = [_KEPT[random.integers(len(_KEPT))]] * len(roots)
    if thumb and random.random() < 0.3:
        kept[0] = _KEPT[random.integers(len(_KEPT))]
    wrist = bool(random.random() < 0.7)
    there = random.random(3) < np.array([0.3 if wrist else 1.0, 0.15, 0.15])
    middle = (0.0, random.uniform(0.3, 0.7), random.uniform(-0.1, 0.05))
    behind = int(random.integers(1, 3)) if random.random() < 0.15 else 0
    return _Plan(
        roots=roots,
        bones=bones,
        fan=random.uniform(0.3, 0.8) * roots[:, 0],
        kept=tuple(kept),
        wrist=wrist,
        palm=np.array([middle, *_CORNERS])[there],
        forearm=random.uniform(0.4, 1.5, behind),
        ring=bool(random.random() < 0.25),
        thumb=thumb,
        spread=random.uniform(0.04, 0.15),
    )


def _shape(random: np.random.Generator) -> tuple[Array, Array, bool]:
    """Knuckles on an arch, bones that are longest in the middle; mostly a thumb before them."""
    fingers = int(random.choice([2, 3, 4, 4, 4, 4]))
    across = np.linspace(-0.36, 0.4, fingers) * random.uniform(0.8, 1.2)
    roots = np.stack([across, 0.95 - 0.8 * (across + 0.1) ** 2, -0.3 * across**2], -1)
    size = random.uniform(0.7, 1.1) * (1.05 - 1.2 * (across + 0.05) ** 2)
    bones = size[:, None] * np.array(_FINGER) * random.uniform(0.85, 1.15, 3)
    if random.random() >= _WITH_THUMB:
        return roots, bones, False
    first = random.uniform(0.8, 1.2) * np.array(_THUMB)
    return np.concatenate([[_THUMB_BASE], roots]), np.concatenate([[first], bones]), True


class _Hands:
    """N hands of one plan."""

    def __init__(self, plan: _Plan, count: int, random: np.random.Generator) -> None:
        self.plan, self.count, self.random = plan, count, random
        self.body = Body()
        # Raised or lowered, palm up or down: in front of a camera hands turn any way.
        pitch, roll = random.normal((0.2, 0.0), (0.9, 1.2), (count, 2)).T
        self.frame = frames(pitch, 0.0, roll)
        self.wide = self._lengths([1.0, 1.0, 1.0])[:, None]
        self._palm()
        self._fingers()

    def _palm(self) -> None:
        """The wrist or else the first point of the palm; on it the others and the forearm."""
        plan = self.plan
        at = [np.zeros((self.count, 1, 3))] * plan.wrist + [self.wide * p for p in plan.palm]
        for i, point in enumerate(at):
            self._add(point, 0 if i else None)
        if len(plan.forearm):
            bent = self.random.normal((0, np.pi), (0.4, 0.25), (self.count, 2))
            pitch, yaw = bent.T[..., None] * np.ones(len(plan.forearm))
            self._add(along(self._lengths(plan.forearm), pitch, yaw), 0)

    def _fingers(self) -> None:
        plan = self.plan
        palm = plan.wrist + len(plan.palm)
        root = 0 if self.random.random() < _ON_FIRST else palm - 1
        closed, opened = self._closed(), self.random.normal(1, 0.5, (self.count, 1))
        firsts = []
        for i, kept in enumerate(plan.kept):
            chain = self._chain(i, closed[:, i], opened)[:, list(kept)]
            inner = plan.ring and plan.thumb < i < len(plan.kept) - 1
            firsts.append(self._add(chain, None if inner else root)[0])
        if plan.ring:
            self.body.edges.extend(pairwise(firsts[plan.thumb :]))

    def _closed(self) -> Array:
        """How far each finger is bent (N, f), 0 to 1: as the others or on its own."""
        shared, own = self.random.random((self.count, 1)), self.random.random((self.count, 9))
        own = np.where(self.random.random((self.count, 1)) < 0.3, own > 0.5, own)
        together = self.random.random((self.count, 1))
        return together * shared + (1 - together) * own[:, : len(self.plan.kept)]

    def _chain(self, finger: int, closed: Array, opened: Array) -> Array:
        """Knuckle, joints and tip (N, 4, 3)."""
        plan, thumb = self.plan, self.plan.thumb and finger == 0
        stray = 0.1 * self.random.standard_normal((self.count, 3))
        bends = np.cumsum(closed[:, None] * (_THUMB_CLOSED if thumb else _CLOSED) + stray, 1)
        aside = self.random.standard_normal((self.count, 1))
        if thumb:
            low = self.random.normal(-0.5, 0.3, (self.count, 1))
            pitch, yaw = low - 0.25 * bends, -0.9 + 0.25 * aside + bends
        else:
            lift = self.random.normal(0.15, 0.25, (self.count, 1))
            pitch, yaw = lift - bends, plan.fan[finger] * opened + 0.06 * aside + 0 * bends
        knuckle = self.wide * plan.roots[finger]
        chain = along(self._lengths(plan.bones[finger]), pitch, yaw)
        return np.concatenate([knuckle, knuckle + chain], 1)

    def _lengths(self, usual: ArrayLike) -> Array:
        usual = np.asarray(usual, float)
        shape = self.count, len(usual)
        return usual * np.exp(self.plan.spread * self.random.standard_normal(shape))

    def _add(self, points: Array, joined: int | None) -> list[int]:
        return self.body.add(placed(points, self.frame, np.zeros((self.count, 3))), joined)
