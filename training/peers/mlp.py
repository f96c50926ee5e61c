"""A residual MLP with fixed keypoint order: what lifting one category usually means.

Source: J. Martinez, R. Hossain, J. Romero, J. Little, A simple yet effective baseline for 3d human
pose estimation, ICCV 2017, section 3.2: linear layers of 1024, two residual blocks of two layers,
batch norm, ReLU, dropout 0.5. It is told visibility and the camera too, and answers with image
position and depth, as our network does; dropout is off, since no view is ever seen twice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.cameras import Views
from training.losses import camera_distance, structure_from_uvd
from training.peers.layers import PER_KEYPOINT, PER_VIEW, FixedNetwork, flat_inputs


class ResidualMlp(FixedNetwork):
    """All keypoints of a view in, all points out."""

    def __init__(
        self, keypoints: int, width: int = 1024, blocks: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.first = _layer(PER_KEYPOINT * keypoints + PER_VIEW, width, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(width, width, dropout), _layer(width, width, dropout))
            for _ in range(blocks)
        )
        self.last = nn.Linear(width, 3 * keypoints)

    def lift(self, views: Views) -> Tensor:
        """Points (B, K, 3) in the virtual camera's frame, in units of the image radius."""
        x = self.first(flat_inputs(views))
        for block in self.blocks:
            x = x + block(x)
        uvd = self.last(x).float().unflatten(-1, (-1, 3))
        seen = (views.confidence > 0)[..., None]
        place = torch.where(seen, views.keypoints, uvd[..., :2])
        return structure_from_uvd(torch.cat([place, uvd[..., 2:]], -1), views.radius)

    def loss(self, views: Views) -> Tensor:
        """Mean distance in the camera frame, in radii of the object."""
        weight = views.valid.float()
        distance = camera_distance(self.lift(views), views.truth, weight)
        return distance.sum() / weight.sum().clamp(min=1)


def _layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout)
    )
