"""A quick look at the validation sets during training; ``training.evaluate`` is the full one."""

from __future__ import annotations

from dataclasses import replace

import torch

from training.cameras import ViewConfig, render
from training.data.poses import PoseSet
from training.losses import camera_distance, procrustes_distance, structure_from_uvd
from training.model import Lifting

FRAMES = 64
# Whatever distances a run is trained on, its curve is of these; elevation and roll stay the run's
# own, so curves are alike where runs agree in those.
DISTANCE, OFF_AXIS = (2.2, 20.0), 0.35
_NAMES = ("procrustes", "camera", "flat", "flat_camera")


@torch.no_grad()
def validate(model: Lifting, sets: dict[str, PoseSet], views: ViewConfig) -> dict[str, float]:
    """Errors in per cent of the radius, averaged over set, then group, then all.

    Upright perspective views, edges and camera known, nothing hidden, no noise. ``flat`` is what
    no depth at all gives.
    """
    clean = replace(views, tumbled=0.0, camera_known=1.0, up_known=1.0, noise=0.0, hidden=0.0)
    clean = replace(clean, distance=DISTANCE, off_axis=OFF_AXIS)
    device = next(model.parameters()).device
    groups: dict[str, list[torch.Tensor]] = {}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for poses in sets.values():
            groups.setdefault(poses.group, []).append(_errors(model, poses, clean, device))
    if not groups:  # no set has sequences enough to hold some out
        return {}
    means = {group: torch.stack(rows).mean(0) for group, rows in groups.items()}
    overall = torch.stack(list(means.values())).mean(0)
    result = {f"validation/{n}": float(v) for n, v in zip(_NAMES, overall, strict=True)}
    return result | {f"validation/{group}": float(v[0]) for group, v in means.items()}


def in_words(errors: dict[str, float]) -> str:
    """What ``validate`` found, as a line to read."""
    aligned, camera, flat, flat_camera = (errors[f"validation/{name}"] for name in _NAMES)
    return (
        f"{aligned:.1f} % of the object's radius off after alignment, {camera:.1f} % in the "
        f"camera's frame (without any depth {flat:.1f} and {flat_camera:.1f} %)"
    )


def _errors(
    model: Lifting, poses: PoseSet, config: ViewConfig, device: torch.device
) -> torch.Tensor:
    rows = torch.linspace(0, len(poses) - 1, min(FRAMES, len(poses))).long().numpy()
    xyz = torch.as_tensor(poses.xyz[rows]).to(device)
    valid = torch.as_tensor(poses.valid[rows]).to(device)
    up = torch.as_tensor(poses.up).to(device).expand(len(rows), 3)
    views = render(xyz, valid, up, config)
    adjacency = torch.as_tensor(poses.skeleton.adjacency).to(device)[None]
    rig = torch.zeros(len(rows), dtype=torch.long, device=device)
    side = torch.as_tensor(poses.skeleton.sides).to(device).expand(len(rows), -1)
    outputs = model(views.keypoints, views.confidence, adjacency, rig, views.camera, side)
    weight = valid.to(xyz.dtype)
    flat = torch.cat([views.keypoints, torch.zeros_like(views.keypoints[..., :1])], -1)
    lifted = structure_from_uvd(outputs[2], views.radius) if len(outputs) > 2 else outputs[0]
    distances = [
        procrustes_distance(lifted, views.truth, weight).sqrt(),
        camera_distance(lifted, views.truth, weight),
        procrustes_distance(flat, views.truth, weight).sqrt(),
        camera_distance(flat, views.truth, weight),
    ]
    frames = [(d.sum(-1) / weight.sum(-1)).mean() for d in distances]
    return 100 * torch.stack(frames)
