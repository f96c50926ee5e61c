"""A Procrustean auto-encoder, learnt from 2D alone, one network per category.

Source: C. Wang, S. Lucey, PAUL: Procrustean Autoencoder for Unsupervised Lifting, CVPR 2021: an
encoder takes the image to a short code, a decoder the code to a shape. Orthographic-n-point turns
the shape to where it explains the image; the image with the shape's depths, turned back, must be
what the decoder gave (the rotation is found outside the graph: it is optimal, so its gradient
vanishes) and must survive an auto-encoder through the same decoder. Widths are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lfm_ros.core.pose import ImagePose, fit_pose
from training.cameras import Views
from training.peers.c3dpo import on_rays
from training.peers.layers import PER_KEYPOINT, PER_VIEW, FixedNetwork, flat_inputs, trunk


class Paul(FixedNetwork):
    """Keypoints of one category in, points out."""

    def __init__(
        self,
        keypoints: int,
        code: int = 10,
        width: int = 512,
        blocks: int = 3,
        code_weight: float = 0.001,
    ) -> None:
        super().__init__()
        self.code_weight = code_weight
        self.lifting = nn.Sequential(
            trunk(PER_KEYPOINT * keypoints + PER_VIEW, width, blocks), nn.Linear(width, code)
        )
        self.encoder = nn.Sequential(trunk(3 * keypoints, width, blocks), nn.Linear(width, code))
        self.decoder = nn.Sequential(
            *(nn.Linear(code, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, 3 * keypoints),
        )

    def loss(self, views: Views) -> Tensor:
        """Distance of the shape, and of its auto-encoding, from what the image makes of it."""
        code = self.lifting(flat_inputs(views))
        shape = self._decoded(code)
        rotation, scale, shift = _pose(shape, views)
        placed = scale * shape @ rotation.transpose(-1, -2) + shift
        canonical = (on_rays(placed, views) - shift) @ rotation / scale
        again = self._decoded(self.encoder(canonical.flatten(1)))
        # The depths of ``canonical`` are the shape's own, so only the image pulls here.
        fits = (shape - canonical).norm(dim=-1) + (again - canonical).norm(dim=-1)
        counted = views.valid.float()
        penalty = self.code_weight * code.float().square().mean()
        # In units of the image: in its own, a shape that shrinks would seem to fit.
        return (fits * scale[..., 0] * counted).sum() / counted.sum().clamp(min=1) + penalty

    def lift(self, views: Views) -> Tensor:
        """Points (B, K, 3) in the virtual camera's frame; what is seen stays where it is seen."""
        shape = self._decoded(self.lifting(flat_inputs(views)))
        rotation, scale, shift = _pose(shape, views)
        return on_rays(scale * shape @ rotation.transpose(-1, -2) + shift, views)

    def _decoded(self, code: Tensor) -> Tensor:
        return self.decoder(code).float().unflatten(-1, (-1, 3))


def _pose(shape: Tensor, views: Views) -> tuple[Tensor, Tensor, Tensor]:
    """Rotation (B, 3, 3), scale (B, 1, 1) and shift (B, 1, 3) of the shape, without gradient."""
    parts = (shape.detach(), views.keypoints, views.confidence > 0, views.radius)
    pose: ImagePose = fit_pose(*(p.double().numpy() for p in parts))
    rotation, scale, shift = (
        torch.from_numpy(p).to(shape.dtype) for p in (pose.rotation, pose.scale, pose.shift)
    )
    depth = torch.zeros_like(shift[:, :1])
    return rotation, scale[:, None, None], torch.cat([shift, depth], -1)[:, None]
