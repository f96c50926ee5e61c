"""Poses as they are, for networks that know their rigs by the order of the keypoints.

Neither other rigs nor other bodies are made of them: such a network has only to know its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.data.poses import PoseSet
from training.data.rigs import Rig
from training.data.sampler import PoseSampler
from training.peers.peer import Task
from training.peers.slots import Slots


@dataclass
class PlainBatch:
    """B poses in N slots: what ``training.cameras.render`` wants."""

    xyz: Tensor
    valid: Tensor
    up: Tensor
    twin: Tensor


class PlainPoses:
    """Draws poses of the sets of a task as often as our network sees them."""

    def __init__(self, task: Task, slots: Slots, rigs: int) -> None:
        """``rigs`` is the most sets in a batch."""
        self.slots = slots
        self.random = np.random.default_rng(task.seed)
        whole = PoseSampler(task.sets, task.sampler, task.seed, "cpu")
        self.sets, self.weights = whole.sets, whole.weights
        self.twins = [torch.as_tensor(Rig.of(poses.skeleton).twin) for poses in self.sets]
        self.rigs = min(rigs, len(self.sets))

    def batch(self, size: int) -> PlainBatch:
        """Draw ``size`` poses, fewer where that is no multiple of the sets in it."""
        drawn = self.random.choice(len(self.sets), self.rigs, p=self.weights)
        parts = [self._of(int(i), size // self.rigs) for i in drawn]
        return PlainBatch(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def _of(self, chosen: int, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        poses: PoseSet = self.sets[chosen]
        rows = self.random.integers(len(poses), size=count)
        places = self.slots.places(poses.name, count)
        xyz, valid = (torch.as_tensor(a[rows]) for a in (poses.xyz, poses.valid))
        twin = torch.arange(self.slots.count).repeat(count, 1)
        twin.scatter_(1, places, places[:, self.twins[chosen]])
        up = torch.as_tensor(poses.up).expand(count, 3)
        return self.slots.fill(xyz, places), self.slots.fill(valid, places), up, twin
