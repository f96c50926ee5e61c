"""Batches of poses: balanced over groups and categories, of like keypoint counts, augmented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from training.data.limbs import STIFF_GROUPS, LimbConfig, Limbs, vary
from training.data.poses import PoseSet
from training.data.rigs import Rig, RigConfig, draw


@dataclass(frozen=True)
class SamplerConfig:
    """How poses are drawn."""

    rigs: int = 8
    """Sets in a batch."""
    per_rig: int = 12
    """Poses of each set in a batch."""
    padding: float = 1.3
    """Sets share a batch while the largest has at most this many times the smallest's keypoints."""
    balance: float = 0.25
    """Weight of a set within its group: frames to this power. 1 keeps the imbalance of the data."""
    detector_rigs: float = 0.4
    """Weight of people once more with the rig of a detector, beside 1 of their own rig."""
    groups: tuple[tuple[str, float], ...] = (
        ("face", 0.5),
        ("human", 3.0),
        ("robot", 2.0),
        ("shape", 1.5),
        ("hand_like", 0.5),
    )
    """Weight of groups; all others have 1. Faces cost the most, robots are the most various, people
    are what most detectors detect, and invented shapes stand for all objects but a few kinds."""
    stretch: float = 0.15
    """Standard deviation of the logarithm of a random stretch along each axis of the object."""
    mirror: float = 0.5
    limbs: LimbConfig = field(default_factory=LimbConfig)
    rig: RigConfig = field(default_factory=RigConfig)
    edges_dropped: float = 0.15
    """Share of poses whose edges the network is not told."""
    sides_dropped: float = 0.25
    """Share of poses whose left and right the network is not told."""


def as_they_are(config: SamplerConfig) -> SamplerConfig:
    """The same without other bodies or rigs: for one robot, whose measures and links are known."""
    limbs = replace(config.limbs, bones=0.0, swung=0.0)
    rig = replace(config.rig, subrig=0.0, markers=0.0)
    return replace(config, stretch=0.0, mirror=0.0, limbs=limbs, rig=rig)


@dataclass
class PoseBatch:
    """Poses of several rigs, padded to the largest. Shapes: B poses, S rigs, K keypoints."""

    xyz: Tensor
    valid: Tensor
    up: Tensor
    adjacency: Tensor
    """(2 S, K, K): each rig with its edges, then each without."""
    skeleton_index: Tensor
    twin: Tensor
    """(B, K) the keypoint of the other side that a detector may take for this one, or itself."""
    side: Tensor
    """(B, K) what the network is told of it: 1 left, -1 right, 0 neither or not told."""


class PoseSampler:
    """An endless iterator of ``PoseBatch``, reproducible from its random state."""

    def __init__(
        self, sets: dict[str, PoseSet], config: SamplerConfig, seed: int, device: str
    ) -> None:
        self.config = config
        self.sets = sorted((s for s in sets.values() if len(s)), key=lambda s: s.xyz.shape[1])
        self.random = np.random.default_rng(seed)
        self.device = device
        self.weights = _weights(self.sets, config)
        self.rigs = [Rig.of(s.skeleton) for s in self.sets]
        self.limbs = [Limbs.of(s.skeleton) for s in self.sets]

    def __iter__(self) -> Iterator[PoseBatch]:
        while True:
            yield self.batch()

    def batch(self) -> PoseBatch:
        """Draw one batch."""
        anchor = self.random.choice(len(self.sets), p=self.weights)
        fits = np.array([self._alike(s, self.sets[anchor]) for s in self.sets]) * self.weights
        others = self.random.choice(len(self.sets), self.config.rigs - 1, p=fits / fits.sum())
        return self._collate([int(anchor), *others])

    def _alike(self, a: PoseSet, b: PoseSet) -> bool:
        small, large = sorted((a.xyz.shape[1], b.xyz.shape[1]))
        return large <= small * np.sqrt(self.config.padding)

    def _collate(self, chosen: list[int]) -> PoseBatch:
        count = self.config.per_rig
        drawn = [self._poses(i) for i in chosen]
        most = max(len(rig) for rig, _, _ in drawn)
        xyz = np.zeros((len(drawn), count, most, 3), np.float32)
        valid = np.zeros((len(drawn), count, most), bool)
        adjacency = np.zeros((2 * len(drawn), most, most), np.float32)
        twin = np.tile(np.arange(most), (len(drawn), 1))
        side = np.zeros((len(drawn), most), np.float32)
        for i, (rig, points, there) in enumerate(drawn):
            k = len(rig)
            xyz[i, :, :k], valid[i, :, :k] = points, there
            adjacency[i, :k, :k], twin[i, :k], side[i, :k] = rig.adjacency, rig.twin, rig.side
        index = np.repeat(np.arange(len(drawn)), count)
        dropped = self.random.random(index.shape) < self.config.edges_dropped
        ups = np.stack([self.sets[i].up for i in chosen])
        stretch = self._stretches(ups, count)
        told = self.random.random(index.shape) >= self.config.sides_dropped
        # In the mirror left is right.
        told = told * np.sign(stretch.prod(-1).reshape(-1))
        arrays = (
            (xyz * stretch).reshape(-1, most, 3),
            valid.reshape(-1, most),
            ups[index],
            adjacency,
            index + dropped * len(drawn),
            twin[index],
            side[index] * told[:, None].astype(np.float32),
        )
        return PoseBatch(*(torch.as_tensor(a).to(self.device) for a in arrays))

    def _poses(self, chosen: int) -> tuple[Rig, np.ndarray, np.ndarray]:
        """A rig for one set, its poses' points (N, K, 3) and which of them are valid."""
        poses, config = self.sets[chosen], self.config
        rows = self.random.integers(len(poses), size=config.per_rig)
        stiff = poses.group in STIFF_GROUPS
        xyz, valid = poses.xyz[rows], poses.valid[rows]
        xyz = vary(xyz, valid, self.limbs[chosen], stiff, config.limbs, self.random)
        rig = draw(self.rigs[chosen], config.rig, self.random)
        return (rig, *rig.points(xyz, valid))

    def _stretches(self, ups: np.ndarray, count: int) -> np.ndarray:
        """Random stretch along each axis and mirroring, (S, count, 1, 3): one rig, a family.

        Args:
            ups: (S, 3), against gravity; zeros where that is not known.
            count: Of poses a rig.
        """
        rigs = len(ups)
        stretch = np.exp(self.config.stretch * self.random.standard_normal((rigs, count, 1, 3)))
        mirrored = self.random.random((rigs, count, 1)) < self.config.mirror
        # Mostly x is level; where it is not, y is. So gravity survives the mirror.
        axis = np.where(ups[:, 0] == 0, 0, 1)
        stretch[np.arange(rigs), :, :, axis] *= np.where(mirrored, -1, 1)
        return stretch.astype(np.float32)


def _weights(sets: list[PoseSet], config: SamplerConfig) -> np.ndarray:
    """Groups as configured, and within one, frames to the power ``balance``; sums to 1."""
    again = np.array([s.family != s.name for s in sets])
    raw = np.array([len(s) ** config.balance for s in sets]) * config.detector_rigs**again
    groups = np.array([s.group for s in sets])
    if config.balance < 1:
        for group in np.unique(groups):
            share = dict(config.groups).get(group, 1.0)
            raw[groups == group] *= share / raw[groups == group].sum()
    return raw / raw.sum()
