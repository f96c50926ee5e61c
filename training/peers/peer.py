"""What every way of lifting has in common, so that one harness trains and judges them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from torch import Tensor

from training.cameras import ViewConfig, Views
from training.data.poses import PoseSet
from training.data.sampler import SamplerConfig


@dataclass(frozen=True)
class Task:
    """What a peer is given."""

    sets: dict[str, PoseSet]
    """Training parts, by name."""
    folder: Path
    """Holds these sets and no others, for those who load their data themselves."""
    run: Path
    """Where the peer may keep weights; of this task alone."""
    samples: int
    """Poses to see; a peer with one network per category sees as many for each."""
    seed: int
    views: ViewConfig = field(default_factory=ViewConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)


class Peer(Protocol):
    """A way of lifting that is being trained."""

    @property
    def left(self) -> int:
        """Poses still to see; 0 when training is over."""
        ...

    @property
    def samples(self) -> int:
        """Poses seen, over all of its networks."""
        ...

    @property
    def parameters(self) -> int:
        """Numbers learnt, over all of its networks."""
        ...

    def step(self) -> None:
        """See one batch and learn from it."""
        ...

    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """Lift views of one set: (B, K, 3) in the virtual camera's frame, any scale and place."""
        ...


@dataclass(frozen=True)
class Entry:
    """A line of the comparison."""

    build: Callable[[Task], Peer]
    told: str = ""
    """What it knows of the object beyond what our network is told; then it is privileged."""


class Untrained:
    """The part of ``Peer`` of those that learn nothing step by step."""

    left = 0
    samples = 0
    parameters = 0

    def step(self) -> None:
        """Nothing to see."""
