"""Batches of poses: balanced over groups and categories, of like keypoint counts, augmented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.data.poses import PoseSet

# Fewer points than this hardly determine a shape.
SMALLEST_RIG = 6


@dataclass(frozen=True)
class SamplerConfig:
    """How poses are drawn."""

    rigs: int = 8
    """Sets in a batch."""
    per_rig: int = 48
    """Poses of each set in a batch."""
    padding: float = 1.3
    """Sets share a batch while the largest has at most this many times the smallest's keypoints."""
    balance: float = 0.25
    """Weight of a set within its group: frames to this power. 1 keeps the imbalance of the data."""
    groups: tuple[tuple[str, float], ...] = (("face", 0.5), ("human", 2.0), ("robot", 2.0))
    """Weight of groups; all others have 1. Faces cost the most, robots are the most various, and
    people are what most detectors detect."""
    stretch: float = 0.15
    """Standard deviation of the logarithm of a random stretch along each axis of the object."""
    mirror: float = 0.5
    subrig: float = 0.5
    """Share of rigs that lose some of their keypoints: other detectors have other rigs."""
    subrig_least: float = 0.3
    """Smallest share of the keypoints that stay in such a rig."""
    edges_dropped: float = 0.15
    """Share of poses whose edges the network is not told."""


@dataclass
class PoseBatch:
    """Poses of several rigs, padded to the largest. Shapes: B poses, S rigs, K keypoints."""

    xyz: Tensor
    valid: Tensor
    up: Tensor
    adjacency: Tensor
    """(2 S, K, K): each rig with its edges, then each without."""
    skeleton_index: Tensor


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

    def __iter__(self) -> Iterator[PoseBatch]:
        while True:
            yield self.batch()

    def batch(self) -> PoseBatch:
        """Draw one batch."""
        anchor = self.random.choice(len(self.sets), p=self.weights)
        fits = np.array([self._alike(s, self.sets[anchor]) for s in self.sets]) * self.weights
        rigs = self.random.choice(len(self.sets), self.config.rigs - 1, p=fits / fits.sum())
        return self._collate([self.sets[i] for i in (anchor, *rigs)])

    def _alike(self, a: PoseSet, b: PoseSet) -> bool:
        small, large = sorted((a.xyz.shape[1], b.xyz.shape[1]))
        return large <= small * np.sqrt(self.config.padding)

    def _collate(self, rigs: list[PoseSet]) -> PoseBatch:
        count, most = self.config.per_rig, max(len(r.skeleton) for r in rigs)
        xyz = np.zeros((len(rigs), count, most, 3), np.float32)
        valid = np.zeros((len(rigs), count, most), bool)
        adjacency = np.zeros((2 * len(rigs), most, most), np.float32)
        for i, rig in enumerate(rigs):
            kept, edges = self._subrig(rig)
            k = len(kept)
            rows = self.random.integers(len(rig), size=count)
            xyz[i, :, :k] = rig.xyz[rows][:, kept]
            valid[i, :, :k] = rig.valid[rows][:, kept]
            adjacency[i, :k, :k] = edges
        xyz = xyz * self._stretches(len(rigs), count)
        index = np.repeat(np.arange(len(rigs)), count)
        dropped = self.random.random(index.shape) < self.config.edges_dropped
        up = np.repeat(np.stack([r.up for r in rigs]), count, 0)
        return PoseBatch(
            *(
                torch.as_tensor(a).to(self.device)
                for a in (
                    xyz.reshape(-1, most, 3),
                    valid.reshape(-1, most),
                    up,
                    adjacency,
                    index + dropped * len(rigs),
                )
            )
        )

    def _subrig(self, rig: PoseSet) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the keypoints that a rig keeps this time, and the adjacency among them."""
        total = len(rig.skeleton)
        if total <= SMALLEST_RIG or self.random.random() >= self.config.subrig:
            return np.arange(total), rig.skeleton.adjacency
        fewest = max(SMALLEST_RIG, round(self.config.subrig_least * total))
        # Half of them lose a part of the body first; all lose keypoints here and there.
        order = self.random.permutation(total)
        if self.random.random() < 0.5:
            order = np.argsort(_hops(rig.skeleton.adjacency, order[0]), kind="stable")
            part = self.random.integers(fewest, total + 1)
            order = self.random.permutation(order[:part])
        count = self.random.integers(fewest, len(order) + 1)
        kept = np.sort(order[:count])
        return kept, contracted(rig.skeleton.adjacency, kept, self.random)

    def _stretches(self, rigs: int, count: int) -> np.ndarray:
        """Random stretch along each axis and mirroring, (S, count, 1, 3): one rig, a family."""
        stretch = np.exp(self.config.stretch * self.random.standard_normal((rigs, count, 1, 3)))
        mirrored = self.random.random((rigs, count, 1)) < self.config.mirror
        # x is never the up axis of a set, so gravity survives the mirror.
        stretch[..., 0] *= np.where(mirrored, -1, 1)
        return stretch.astype(np.float32)


def contracted(adjacency: np.ndarray, kept: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Adjacency among the kept keypoints once the others are taken out of the skeleton.

    Each keypoint that goes hands its edges to one of its neighbours, drawn at random, so what was
    joined through it stays joined, and not always in the same way.
    """
    graph = adjacency.copy()
    for gone in random.permutation(np.setdiff1d(np.arange(len(graph)), kept)):
        neighbours = random.permutation(np.flatnonzero(graph[gone]))
        graph[gone] = graph[:, gone] = 0
        if len(neighbours) > 1:
            heir, others = neighbours[0], neighbours[1:]
            graph[heir, others] = graph[others, heir] = 1
    return graph[np.ix_(kept, kept)]


def _hops(adjacency: np.ndarray, start: int) -> np.ndarray:
    """Edges from ``start`` to every keypoint; as many as there are keypoints if unreachable."""
    hops = np.full(len(adjacency), len(adjacency))
    frontier, reached = np.arange(len(adjacency)) == start, 0
    while frontier.any():
        hops[frontier] = reached
        frontier = (adjacency[frontier].sum(0) > 0) & (hops == len(adjacency))
        reached += 1
    return hops


def _weights(sets: list[PoseSet], config: SamplerConfig) -> np.ndarray:
    """Groups as configured, and within one, frames to the power ``balance``; sums to 1."""
    raw = np.array([len(s) ** config.balance for s in sets])
    groups = np.array([s.group for s in sets])
    if config.balance < 1:
        for group in np.unique(groups):
            share = dict(config.groups).get(group, 1.0)
            raw[groups == group] *= share / raw[groups == group].sum()
    return raw / raw.sum()
