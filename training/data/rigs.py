"""Other rigs on the same object: keypoints left out, moved off the joints, and split.

Detectors, marker suits and motion capture put different keypoints on the same body. A network that
saw a body with one rig only takes the rig for the body.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton

# Fewer points than this hardly determine a shape.
SMALLEST = 6
# Larger rigs are not split: they would cost the most.
LARGEST_SPLIT = 40


@dataclass(frozen=True)
class RigConfig:
    """How often rigs are changed, and how far."""

    subrig: float = 0.5
    """Share of rigs that lose some of their keypoints."""
    least: float = 0.3
    """Smallest share of the keypoints that stay in such a rig."""
    looped: float = 0.3
    """Share of keypoints that leave a loop of edges behind, the others a star."""
    markers: float = 0.3
    """Share of rigs with keypoints beside the joints."""
    offset: float = 0.25
    """How far beside, in lengths of the bones there: standard deviation off their plane, and half
    the largest shift along them."""
    split: float = 0.25
    """Largest share of keypoints that become two in such a rig."""


@dataclass(frozen=True)
class Rig:
    """Keypoints in terms of those of the original rig.

    Attributes:
        anchor: (K,) the original keypoint that each one sits at.
        first: (K,) a neighbour of it; ``second``: another one, or the neighbour's neighbour.
        offset: (K, 3) shift towards ``first``, towards ``second``, and across both.
        adjacency: (K, K) edges.
        twin: (K,) the keypoint of the other side; itself where there is none.
        side: (K,) 1 on the left, -1 on the right, else 0.
    """

    anchor: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    offset: NDArray[np.float32]
    adjacency: NDArray[np.float32]
    twin: NDArray[np.int64]
    side: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.anchor)

    @staticmethod
    def of(skeleton: Skeleton) -> Rig:
        """A rig as it is."""
        own = np.arange(len(skeleton))
        twin = own.copy()
        for left, right in skeleton.pairs or ():
            twin[left], twin[right] = right, left
        still = np.zeros((len(own), 3), np.float32)
        return Rig(own, own, own, still, skeleton.adjacency, twin, skeleton.sides)

    def points(
        self, xyz: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """This rig's keypoints (N, K, 3) and which are valid, from the original rig's."""
        at = xyz[:, self.anchor]
        if not self.offset.any():
            return at, valid[:, self.anchor]
        to_first, to_second = xyz[:, self.first] - at, xyz[:, self.second] - at
        lengths = np.linalg.norm(to_first, axis=-1) * np.linalg.norm(to_second, axis=-1)
        across = np.cross(to_first, to_second) / np.sqrt(np.maximum(lengths, 1e-12))[..., None]
        shift = np.stack([to_first, to_second, across], -1) @ self.offset[..., None]
        there = valid[:, self.anchor] & valid[:, self.first] & valid[:, self.second]
        return at + shift[..., 0], there


def draw(rig: Rig, config: RigConfig, random: np.random.Generator) -> Rig:
    """A random rig for the same object."""
    if len(rig) > SMALLEST and random.random() < config.subrig:
        rig = _thinned(rig, config, random)
    if random.random() < config.markers:
        rig = _marked(rig, config, random)
    return rig


def _thinned(rig: Rig, config: RigConfig, random: np.random.Generator) -> Rig:
    total = len(rig)
    fewest = max(SMALLEST, round(config.least * total))
    # Half of them lose a part of the body first; all lose keypoints here and there.
    order = random.permutation(total)
    if random.random() < 0.5:
        order = np.argsort(_hops(rig.adjacency, order[0]), kind="stable")
        order = random.permutation(order[: random.integers(fewest, total + 1)])
    kept = np.sort(order[: random.integers(fewest, len(order) + 1)])
    place = np.full(total, -1)
    place[kept] = np.arange(len(kept))
    twin = place[rig.twin[kept]]
    return Rig(
        rig.anchor[kept],
        rig.first[kept],
        rig.second[kept],
        rig.offset[kept],
        contracted(rig.adjacency, kept, config.looped, random),
        np.where(twin < 0, np.arange(len(kept)), twin),
        rig.side[kept],
    )


def _marked(rig: Rig, config: RigConfig, random: np.random.Generator) -> Rig:
    """Move a random share of the keypoints off their joints, and split some of those."""
    total = len(rig)
    first = _neighbours(rig.adjacency, np.arange(total), np.full(total, -1), random)
    second = _neighbours(rig.adjacency, np.arange(total), first, random)
    lonely = second == np.arange(total)
    second[lonely] = _neighbours(rig.adjacency, first[lonely], np.flatnonzero(lonely), random)
    split = random.permutation(total)[: random.integers(int(config.split * total) + 1)]
    rows = np.concatenate([np.arange(total), split if total <= LARGEST_SPLIT else split[:0]])
    moved = random.random(len(rows)) < random.random()
    moved[total:] = True
    along = 2 * config.offset * random.random((len(rows), 2))
    off = config.offset * random.standard_normal((len(rows), 1))
    offset = np.concatenate([along, off], -1) * moved[:, None]
    twin = np.concatenate([rig.twin, np.arange(total, len(rows))])
    return Rig(
        rig.anchor[rows],
        rig.anchor[first][rows],
        rig.anchor[second][rows],
        offset.astype(np.float32),
        _with_copies(rig.adjacency, rows, random),
        twin,
        rig.side[rows],
    )


def _with_copies(
    adjacency: NDArray[np.float32], rows: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float32]:
    """Edges once the keypoints behind the first K of ``rows`` are copies: to their originals, and
    to some of the originals' neighbours."""
    total = len(adjacency)
    edges = adjacency[np.ix_(rows, rows)]
    inherited = np.triu(random.random(edges.shape) < 0.5, 1)
    inherited = inherited | inherited.T
    inherited[:total, :total] = True
    edges = edges * inherited
    copies = np.arange(total, len(rows))
    edges[copies, rows[copies]] = edges[rows[copies], copies] = 1
    return edges.astype(np.float32)


def _neighbours(
    adjacency: NDArray[np.float32],
    of: NDArray[np.int64],
    besides: NDArray[np.int64],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """A random neighbour of each keypoint other than ``besides``; itself where there is none."""
    chance = adjacency[of] * random.random((len(of), len(adjacency)))
    rows = np.flatnonzero(besides >= 0)
    chance[rows, besides[rows]] = 0
    return np.where(chance.any(-1), chance.argmax(-1), of)


def contracted(
    adjacency: NDArray[np.float32],
    kept: NDArray[np.int64],
    looped: float,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Adjacency among the kept keypoints once the others are taken out of the skeleton.

    What was joined through a keypoint that goes stays joined: as a star around one of its
    neighbours, or, for the share ``looped``, as a ring. Which one is drawn at random.
    """
    graph = adjacency.copy()
    for gone in random.permutation(np.setdiff1d(np.arange(len(graph)), kept)):
        around = random.permutation(np.flatnonzero(graph[gone]))
        graph[gone] = graph[:, gone] = 0
        if len(around) < 2:
            continue
        ring = random.random() < looped
        ends = (around, np.roll(around, 1)) if ring else (around[:1], around[1:])
        graph[ends[0], ends[1]] = graph[ends[1], ends[0]] = 1
    return graph[np.ix_(kept, kept)]


def _hops(adjacency: NDArray[np.float32], start: int) -> NDArray[np.int64]:
    """Edges from ``start`` to every keypoint; as many as there are keypoints if unreachable."""
    hops = np.full(len(adjacency), len(adjacency))
    frontier, reached = np.arange(len(adjacency)) == start, 0
    while frontier.any():
        hops[frontier] = reached
        frontier = (adjacency[frontier].sum(0) > 0) & (hops == len(adjacency))
        reached += 1
    return hops
