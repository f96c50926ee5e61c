"""A factorised rotation and shape basis with canonicalisation.

Source: D. Novotny et al., C3DPO: Canonical 3D Pose Networks for Non-Rigid Structure from Motion,
ICCV 2019, sections 3 and 4: a trunk predicts ten coefficients of a linear shape basis and a
rotation; a second network must recover the same coefficients from the shape turned at random, so
that no two of its canonical shapes differ by a rotation. Supervised by reprojection alone or in 3D.

Here it is told the camera, as every network in the comparison, and reprojects through the same
perspective (see ``lfm_ros.core.pose``), which is the paper's orthography where none is known. Its
canonical shape is turned once a step where the published configuration does so four times: the
same expectation at a fraction of the cost.
"""

from __future__ import annotations

import math
from dataclasses import replace

import roma
import torch
from torch import Tensor, nn

from training.cameras import Views
from training.losses import camera_distance
from training.peers.layers import PER_KEYPOINT, PER_VIEW, FixedNetwork, flat_inputs, trunk

# Distances beyond this many image radii count linearly.
_HUBER = 0.01


class C3dpo(FixedNetwork):
    """Keypoints of all categories in N slots in, their points out."""

    def __init__(
        self,
        slots: int,
        supervised: bool,
        basis: int = 10,
        width: int = 1024,
        blocks: int = 6,
        spin: float = math.pi / 8,
    ) -> None:
        """``supervised``: learn from 3D truth instead of 2D reprojection."""
        super().__init__()
        self.supervised, self.spin = supervised, spin
        self.phi = trunk(PER_KEYPOINT * slots + PER_VIEW, width, blocks)
        self.psi = trunk(3 * slots, width, blocks)
        self.coefficients, self.coefficients_psi = nn.Linear(width, basis), nn.Linear(width, basis)
        self.turn = nn.Linear(width, 3)
        self.shapes = nn.Linear(basis, 3 * slots)
        for layer in (self.coefficients, self.coefficients_psi, self.turn, self.shapes):
            nn.init.normal_(layer.weight, std=0.01)

    def loss(self, views: Views) -> Tensor:
        """Canonicalisation plus reprojection, or plus distance to the truth."""
        once, back = spun(views, self.spin)
        twice, _ = spun(once, self.spin)
        # Spinning the image must not change the shape: rotation from one view, shape from the next.
        canonical = self._canonical(self.coefficients(self.phi(flat_inputs(twice))))
        rotation = back @ self._rotation(self.phi(flat_inputs(once)))
        points = _shifted(canonical @ rotation.transpose(-1, -2), views)
        if self.supervised:
            weight = views.valid.float()
            distance = camera_distance(points, views.truth, weight)
            fit = distance.sum() / weight.sum().clamp(min=1)
        else:
            fit = _huber(_image(points, views.radius) - views.keypoints, views.confidence > 0)
        return fit + self._canonicalisation(canonical, views.valid)

    def lift(self, views: Views) -> Tensor:
        """Points (B, N, 3) in the virtual camera's frame; what is seen stays where it is seen."""
        features = self.phi(flat_inputs(views))
        canonical = self._canonical(self.coefficients(features))
        points = canonical @ self._rotation(features).transpose(-1, -2)
        return on_rays(_shifted(points, views), views)

    def _canonical(self, coefficients: Tensor) -> Tensor:
        return self.shapes(coefficients).float().unflatten(-1, (-1, 3))

    def _rotation(self, features: Tensor) -> Tensor:
        return roma.rotvec_to_rotmat(self.turn(features).float())

    def _canonicalisation(self, canonical: Tensor, member: Tensor) -> Tensor:
        turn = roma.random_rotmat(len(canonical), dtype=canonical.dtype, device=canonical.device)
        turned = (canonical * member[..., None]) @ turn.transpose(-1, -2)
        again = self._canonical(self.coefficients_psi(self.psi(turned.flatten(1))))
        return _huber(again - canonical, member)


def spun(views: Views, most: float) -> tuple[Views, Tensor]:
    """Views turned in the image plane by up to ``most`` radians, and the rotations (B, 3, 3) back.

    Gravity, in the last three of the camera features, turns with the image; unknown it is zero.
    """
    angle = most * (2 * torch.rand(len(views.radius)) - 1)
    turn = roma.rotvec_to_rotmat(torch.stack([angle * 0, angle * 0, angle], -1))
    keypoints = views.keypoints @ turn[:, :2, :2].transpose(-1, -2)
    up = (turn @ views.camera[:, 3:, None])[..., 0]
    camera = torch.cat([views.camera[:, :3], up], -1)
    return replace(views, keypoints=keypoints, camera=camera), turn.transpose(-1, -2)


def on_rays(points: Tensor, views: Views) -> Tensor:
    """Points (B, N, 3) with those that are seen moved onto their rays, at the same depth."""
    stretch = 1 + views.radius[:, None, None] * points[..., 2:]
    seen = torch.cat([views.keypoints * stretch, points[..., 2:]], -1)
    return torch.where((views.confidence > 0)[..., None], seen, points)


def _shifted(points: Tensor, views: Views) -> Tensor:
    """Moved sideways to where the visible keypoints are, in the mean: no network predicts that."""
    seen = (views.confidence > 0)[..., None].float()
    off = views.keypoints * (1 + views.radius[:, None, None] * points[..., 2:]) - points[..., :2]
    mean = (off * seen).sum(1, keepdim=True) / seen.sum(1, keepdim=True).clamp(min=1)
    return torch.cat([points[..., :2] + mean, points[..., 2:]], -1)


def _image(points: Tensor, radius: Tensor) -> Tensor:
    return points[..., :2] / (1 + radius[:, None, None] * points[..., 2:]).clamp(min=0.05)


def _huber(offset: Tensor, counted: Tensor) -> Tensor:
    """Mean pseudo-Huber length of the offsets (B, N, D) that are ``counted`` (B, N)."""
    squared = offset.square().sum(-1) / _HUBER**2
    length = _HUBER * ((1 + squared).sqrt() - 1)
    return (length * counted).sum() / counted.sum().clamp(min=1)
