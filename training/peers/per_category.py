"""A network of its own for every category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from training.cameras import Views
from training.data.poses import PoseSet
from training.peers.fixed_order import FixedConfig, FixedOrder
from training.peers.layers import FixedNetwork
from training.peers.peer import Task


class PerCategory:
    """One network for each set, each with all the samples; the ``Peer`` protocol."""

    def __init__(
        self, task: Task, network: Callable[[int], FixedNetwork], config: FixedConfig | None = None
    ) -> None:
        """``network`` makes the module for a number of keypoints."""
        self.networks = {
            name: FixedOrder(replace(task, sets={name: poses}), network, config=config)
            for name, poses in task.sets.items()
        }

    @property
    def left(self) -> int:
        """Poses still to see, over all networks."""
        return sum(peer.left for peer in self.networks.values())

    @property
    def samples(self) -> int:
        """Poses seen, over all networks."""
        return sum(peer.samples for peer in self.networks.values())

    @property
    def parameters(self) -> int:
        """Numbers learnt, over all networks."""
        return sum(peer.parameters for peer in self.networks.values())

    def step(self) -> None:
        """A batch for the first network that is not finished."""
        next(peer for peer in self.networks.values() if peer.left).step()

    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """Lift views of one of the sets with its own network."""
        return self.networks[poses.name].predict(views, poses)
