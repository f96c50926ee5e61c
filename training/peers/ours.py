"""Our network and the paper's in the comparison: trained by the trainer itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from lfm_ros.core.pose import fit_pose
from training.cameras import Views
from training.data.poses import PoseSet
from training.losses import structure_from_uvd
from training.model import OUTPUTS, PRESETS, Lifting
from training.peers.peer import Task
from training.train import TrainConfig, Trainer


@dataclass(frozen=True)
class Variation:
    """A preset and what is different about it."""

    preset: str = "base"
    model: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``ModelConfig``."""
    train: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``TrainConfig``."""
    sampler: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``SamplerConfig``."""
    views: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``ViewConfig``."""
    edges: bool = True
    """Whether the network is told the edges when it is judged."""
    sides: bool = True
    """Whether it is then told which keypoints are on the left, and which on the right."""


class Ours:
    """A variation of our network; the ``Peer`` protocol. Goes on where ``task.run`` stopped."""

    def __init__(self, task: Task, variation: Variation) -> None:
        self.variation = variation
        self.trainer = Trainer(_config(task, variation))
        self._judged: Lifting | None = None
        self._saved = time.monotonic()

    @property
    def left(self) -> int:
        """Poses still to see."""
        return max(0, self.trainer.config.samples - self.trainer.samples)

    @property
    def samples(self) -> int:
        """Poses seen."""
        return self.trainer.samples

    @property
    def parameters(self) -> int:
        """Numbers learnt."""
        return sum(p.numel() for p in self.trainer.model.parameters())

    def step(self) -> None:
        """See one batch and learn from it."""
        self.trainer.step()
        self._judged = None
        if time.monotonic() - self._saved > self.trainer.config.save_every or not self.left:
            self.trainer.save()
            self._saved = time.monotonic()

    @torch.no_grad()
    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """Lift views of any set, with the averaged weights."""
        if self._judged is None:
            with self.trainer.averaged_model() as model:
                self._judged = model
        told = self.variation
        edges = told.edges * torch.as_tensor(poses.skeleton.adjacency).float()[None]
        sides = told.sides * torch.as_tensor(poses.skeleton.sides).expand_as(views.confidence)
        rig = torch.zeros(len(sides), dtype=torch.long)
        inputs = (views.keypoints, views.confidence, edges, rig, views.camera, sides)
        device = next(self._judged.parameters()).device
        outputs = (o.cpu() for o in self._judged(*(i.to(device) for i in inputs)))
        return lifted(dict(zip(OUTPUTS, outputs, strict=False)), views)


def lifted(outputs: Mapping[str, Tensor], views: Views) -> Tensor:
    """Points (B, K, 3) in the virtual frame, found as ``lfm_ros.lifter`` finds them."""
    if "uvd" in outputs:
        return structure_from_uvd(outputs["uvd"], views.radius)
    parts = (outputs["canonical"], views.keypoints, views.confidence, views.radius)
    canonical, *image = (p.double().numpy() for p in parts)
    return torch.from_numpy(fit_pose(canonical, *image).apply(canonical))


def _config(task: Task, variation: Variation) -> TrainConfig:
    name = variation.preset
    if variation.model:
        # The trainer knows networks by name, so that a run can be continued by it.
        changes = "-".join(f"{key}_{value}" for key, value in sorted(variation.model.items()))
        name = f"{variation.preset}-{changes}"
        PRESETS[name] = replace(PRESETS[variation.preset], **variation.model)
    settings: dict[str, Any] = {
        "data": str(task.folder),
        "run": task.run,
        "model": name,
        "samples": task.samples,
        "seed": task.seed,
        "threads": torch.get_num_threads(),
        "sampler": replace(task.sampler, **variation.sampler),
        "views": replace(task.views, **variation.views),
    }
    return TrainConfig(**{**settings, **variation.train})
