"""No depth at all: the image as a flat shape, what lifting must beat."""

from __future__ import annotations

import torch
from torch import Tensor

from training.cameras import Views
from training.data.poses import PoseSet
from training.peers.peer import Task, Untrained


class NoDepth(Untrained):
    """The torch twin of ``lfm_ros.core.normalize.VirtualView.without_depth``."""

    def __init__(self, task: Task) -> None:
        """There is nothing to learn from the task."""

    def predict(self, views: Views, poses: PoseSet) -> Tensor:
        """The keypoints (B, K, 2) with depth 0."""
        return torch.cat([views.keypoints, torch.zeros_like(views.keypoints[..., :1])], -1)
