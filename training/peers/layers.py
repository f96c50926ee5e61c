"""Layers that several peers are built of."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from lfm_ros.core.normalize import CAMERA_FEATURES
from training.cameras import Views

#: Numbers that a fixed-order network is told of each keypoint, and once of the camera.
PER_KEYPOINT, PER_VIEW = 3, len(CAMERA_FEATURES)


def flat_inputs(views: Views) -> Tensor:
    """Keypoints, confidence and camera features of a view as one vector (B, 3 N + C)."""
    visible = views.keypoints * (views.confidence > 0)[..., None]
    return torch.cat([visible.flatten(1), views.confidence, views.camera], -1)


class FixedNetwork(nn.Module, ABC):
    """A network that sees ``Views`` whose keypoints stand in N slots."""

    @abstractmethod
    def loss(self, views: Views) -> Tensor:
        """What to make small, a scalar."""

    @abstractmethod
    def lift(self, views: Views) -> Tensor:
        """Points (B, N, 3) in the virtual camera's frame, any scale and place."""


class Bottleneck(nn.Module):
    """Residual block through a quarter of the width, batch-normalised."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width // 4
        self.layers = nn.Sequential(
            *(nn.Linear(width, inner), nn.BatchNorm1d(inner), nn.ReLU()),
            *(nn.Linear(inner, inner), nn.BatchNorm1d(inner), nn.ReLU()),
            *(nn.Linear(inner, width), nn.BatchNorm1d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) -> (B, D)."""
        return torch.relu(x + self.layers(x))


def trunk(inputs: int, width: int, blocks: int) -> nn.Sequential:
    """The trunk of C3DPO: a layer to ``width``, then residual bottleneck blocks."""
    first = (nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU())
    return nn.Sequential(*first, *(Bottleneck(width) for _ in range(blocks)))
