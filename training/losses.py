"""What the network is asked for."""

from __future__ import annotations

import roma
import torch
from torch import Tensor

from training.cameras import Views


def procrustes_distance(canonical: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Distance of each point after the best proper similarity of ``canonical`` onto ``truth``.

    Rotation, scale and translation are found outside the graph: they minimise this same distance,
    so their own gradient vanishes (envelope theorem) and no derivative of the SVD is needed.

    Args:
        canonical: (B, K, 3).
        truth: (B, K, 3) in units of the object's radius.
        weight: (B, K), 0 where there is no truth.

    Returns:
        (B, K), squared, in units of the object's radius.

    Source: 3D-LFM, Eq. 8; det(R) = +1 is ours: the paper's alignment lets reflections go free.
    """
    weight = weight / weight.sum(-1, keepdim=True).clamp(min=1e-9)
    source = canonical - (canonical * weight[..., None]).sum(1, keepdim=True)
    target = truth - (truth * weight[..., None]).sum(1, keepdim=True)
    with torch.no_grad():
        moment = (target * weight[..., None]).transpose(-1, -2) @ source
        rotation = roma.special_procrustes(moment)
        spread = (source.square().sum(-1) * weight).sum(-1)
        scale = (rotation * moment).sum((-1, -2)) / spread.clamp(min=1e-9)
    aligned = scale[:, None, None] * source @ rotation.transpose(-1, -2)
    return (aligned - target).square().sum(-1) * (weight > 0)


def camera_distance(points: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Distance of each point to the truth in the camera frame, translation and scale aligned.

    Args:
        points: (B, K, 3) in the virtual camera's frame, any scale.
        truth: (B, K, 3) in units of the object's radius.
        weight: (B, K), 0 where there is no truth.

    Returns:
        (B, K), in units of the object's radius; 0 where the weight is.
    """
    weight = weight / weight.sum(-1, keepdim=True).clamp(min=1e-9)
    source = points - (points * weight[..., None]).sum(1, keepdim=True)
    target = truth - (truth * weight[..., None]).sum(1, keepdim=True)
    with torch.no_grad():
        spread = (source.square().sum(-1) * weight).sum(-1)
        scale = ((source * target).sum(-1) * weight).sum(-1) / spread.clamp(min=1e-9)
    return (scale.clamp(min=0.1)[:, None, None] * source - target).norm(dim=-1) * (weight > 0)


def structure_from_uvd(uvd: Tensor, radius: Tensor) -> Tensor:
    """The torch twin of ``lfm_ros.core.normalize.structure_from_uvd``."""
    stretch = 1 + radius[:, None, None] * uvd[..., 2:]
    return torch.cat([uvd[..., :2] * stretch, uvd[..., 2:]], -1)


def total_loss(outputs: tuple[Tensor, ...], views: Views, weight: Tensor) -> dict[str, Tensor]:
    """Every term, each a scalar, and their sum under ``total``.

    Args:
        outputs: What the network returned.
        views: What it was shown, with the truth.
        weight: (B, K), 0 for points that the network cannot know (no truth; hidden, and no edge
            to tell which keypoint it would be).
    """
    count = weight.sum().clamp(min=1)
    squared = procrustes_distance(outputs[0].float(), views.truth, weight)
    terms = {"procrustes": squared.sum() / count}
    distance = squared.detach().sqrt()
    if len(outputs) > 2:
        points = structure_from_uvd(outputs[2].float(), views.radius)
        distance = camera_distance(points, views.truth, weight)
        terms["camera"] = distance.sum() / count
    # Negative log-likelihood of a Laplace distribution; the error itself is not pulled by it.
    spread = outputs[1].float().clamp(-6, 3)
    likelihood = distance.detach() * torch.exp(-spread) + spread
    terms["sigma"] = (likelihood * (weight > 0)).sum() / count
    terms["total"] = 4 * terms["procrustes"] + terms.get("camera", 0) + 0.03 * terms["sigma"]
    return terms
