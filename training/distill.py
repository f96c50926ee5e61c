"""Learning from a larger network beside the truth: what it says of the very same views.

Source: G. Hinton, O. Vinyals, J. Dean, Distilling the Knowledge in a Neural Network, 2015, for the
idea; the distances are those of ``training.losses``, so that student and teacher may differ in what
they leave free: scale and translation of ``uvd``, the whole similarity of ``canonical``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training import checkpoint
from training.cameras import Views, normalized
from training.config import weights_of
from training.losses import camera_distance, procrustes_distance, structure_from_uvd
from training.model import Lifting

Outputs = tuple[Tensor, ...]


class Teacher:
    """A trained network, frozen."""

    def __init__(self, name: str, device: str) -> None:
        self.model: Lifting = checkpoint.load_weights(weights_of(name))[0].to(device)
        self.model.requires_grad_(False)

    @torch.no_grad()
    def says(self, *inputs: Tensor) -> Outputs:
        """The teacher's outputs for what the student is told."""
        return self.model(*inputs)


def distance(student: Outputs, teacher: Outputs, views: Views, weight: Tensor) -> Tensor:
    """Mean distance between what student and teacher say, in radii of the teacher's object.

    Args:
        student: ``canonical`` (B, K, 3), ``log_sigma``, and ``uvd`` (B, K, 3) where it has one.
        teacher: The same; nothing is asked about what only one of them has.
        views: What both were shown.
        weight: (B, K), 0 for points that cannot be known.
    """
    count, there = weight.sum().clamp(min=1), weight > 0
    shape = normalized(teacher[0].float(), there)
    apart = procrustes_distance(student[0].float(), shape, weight).sum() / count
    if len(student) < 3 or len(teacher) < 3:
        return apart
    points, wanted = (structure_from_uvd(o[2].float(), views.radius) for o in (student, teacher))
    return apart + camera_distance(points, normalized(wanted, there), weight).sum() / count
