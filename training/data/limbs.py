"""Other bodies and other postures from the poses of one rig: bones scaled, limbs swung.

A pose counts as a tree of bones; whatever hangs on a bone moves with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components

from lfm_ros.core.skeleton import Skeleton


@dataclass(frozen=True)
class LimbConfig:
    """How poses are varied; only rigs whose edges are one tree have limbs."""

    bones: float = 0.12
    """Standard deviation of the logarithm of each bone's length; left and right go together."""
    swung: float = 0.5
    """Share of poses of people, hands and animals with a limb turned about its joint."""
    swing: float = 25.0
    """Standard deviation of that turn, degrees about a random axis."""


#: Their joints bend about fixed axes, or not at all: a limb cannot be swung at will.
STIFF_GROUPS = ("robot", "object", "face", "shape")


class Limbs:
    """The tree of one rig.

    Attributes:
        parent: (K,) index of each keypoint's parent; the root is its own.
        moved: (K, K) bool, ``moved[j, k]``: k moves when the bone that ends in j does.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        adjacency = skeleton.adjacency
        count = len(skeleton)
        root = int(adjacency.sum(0).argmax())
        order, before = breadth_first_order(adjacency, root, directed=False)
        self.parent = np.where(before >= 0, before, np.arange(count))
        self.moved = np.eye(count, dtype=bool)
        for j in order[:0:-1]:
            self.moved[self.parent[j]] |= self.moved[j]
        self.ends = order[1:]
        self.twin = np.arange(count)
        for left, right in skeleton.pairs or ():
            self.twin[right] = left

    @staticmethod
    def of(skeleton: Skeleton) -> Limbs | None:
        """The tree of a rig, or None where its edges are none."""
        whole = connected_components(skeleton.adjacency, directed=False)[0] == 1
        return Limbs(skeleton) if whole and len(set(skeleton.edges)) == len(skeleton) - 1 else None

    def scale(
        self, xyz: NDArray[np.float32], spread: float, random: np.random.Generator
    ) -> NDArray[np.float32]:
        """Make every bone of each pose (N, K, 3) longer or shorter."""
        factor = np.exp(spread * random.standard_normal(xyz.shape[:2]))[:, self.twin, None]
        change = (factor - 1) * (xyz - xyz[:, self.parent])
        return xyz + np.einsum("jk,njd->nkd", self.moved[self.ends], change[:, self.ends])

    def swing(
        self, xyz: NDArray[np.float32], degrees: float, random: np.random.Generator
    ) -> NDArray[np.float32]:
        """Turn one random limb of each pose (N, K, 3) about the joint that it hangs on."""
        rows = np.arange(len(xyz))
        end = random.choice(self.ends, len(xyz))
        pivot = xyz[rows, self.parent[end]][:, None]
        axis = random.standard_normal((len(xyz), 1, 3))
        axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
        angle = np.radians(degrees) * random.standard_normal((len(xyz), 1, 1))
        arm = xyz - pivot
        along = axis * (axis * arm).sum(-1, keepdims=True)
        # Rodrigues' formula.
        turned = along + np.cos(angle) * (arm - along) + np.sin(angle) * np.cross(axis, arm)
        return np.where(self.moved[end][..., None], pivot + turned, xyz)


def vary(
    xyz: NDArray[np.float32],
    valid: NDArray[np.bool_],
    limbs: Limbs | None,
    stiff: bool,
    config: LimbConfig,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Other bodies and postures for poses (N, K, 3); those with missing points stay as they are."""
    if limbs is None:
        return xyz
    varied = limbs.scale(xyz, config.bones, random)
    if not stiff:
        swung = limbs.swing(varied, config.swing, random)
        varied = np.where(random.random((len(xyz), 1, 1)) < config.swung, swung, varied)
    return np.where(valid.all(-1)[:, None, None], varied, xyz).astype(np.float32)
