"""Training of networks whose inputs are keypoints in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.cameras import Views, render
from training.data.poses import PoseSet
from training.peers.layers import FixedNetwork
from training.peers.peer import Task
from training.peers.plain_poses import PlainPoses
from training.peers.slots import Order, Slots, taken


@dataclass(frozen=True)
class FixedConfig:
    """How a fixed-order network is trained."""

    batch: int = 384
    rate: float = 1e-3
    """Learning rate of AdamW."""
    decay: float = 0.01
    """Weight decay."""
    cooldown: float = 0.4
    """Share of the samples at the end over which the rate falls to zero."""
    warmup: int = 10_000
    """Samples until the full rate."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    sets: int = 8
    """Most sets in a batch."""


class FixedOrder:
    """One network for one or more sets; the ``Peer`` protocol."""

    def __init__(
        self,
        task: Task,
        network: Callable[[int], FixedNetwork],
        order: Order = "own",
        config: FixedConfig | None = None,
    ) -> None:
        """``network`` makes the module for a number of slots."""
        self.task, self.config = task, config or FixedConfig()
        torch.manual_seed(task.seed)
        self.slots = Slots({n: s.xyz.shape[1] for n, s in task.sets.items()}, order)
        self.network = network(self.slots.count)
        self.samples = 0
        self._poses = PlainPoses(task, self.slots, self.config.sets)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.config.rate,
            weight_decay=self.config.decay,
            fused=True,
        )

    @property
    def left(self) -> int:
        """Poses still to see."""
        return max(0, self.task.samples - self.samples)

    @property
    def parameters(self) -> int:
        """Numbers learnt."""
        return sum(p.numel() for p in self.network.parameters())

    def step(self) -> None:
        """See one batch and learn from it."""
        batch = self._poses.batch(self.config.batch)
        views = render(batch.xyz, batch.valid, batch.up, self.task.views, batch.twin)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.network.loss(views)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.rate * self._rate_factor()
        if torch.isfinite(norm):
            self._optimizer.step()
        self.samples += len(batch.xyz)

    @torch.no_grad()
    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """Lift views of one of the sets."""
        places = self.slots.places(poses.name, len(views.keypoints))
        self.network.eval()
        return taken(self.network.lift(self.slots.fill_views(views, places)), places)

    def _rate_factor(self) -> float:
        left = self.left / self.task.samples
        warm = (self.samples + self.config.batch) / self.config.warmup
        return min(1.0, warm, left / self.config.cooldown)
