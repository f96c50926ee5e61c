"""Errors and costs of a peer, on the same frames and views for all."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from lfm_ros.core.metrics import errors
from training.cameras import Views, render
from training.data.poses import PoseSet
from training.evaluation.conditions import UPRIGHT
from training.peers.peer import Peer

FIGURES = ("procrustes", "camera", "reflected", "rotation")
FRAMES = 200
# The views that figures are quoted for, with camera and gravity known and nothing in the way.
CLEAN = replace(UPRIGHT, camera_known=1.0, up_known=1.0, noise=0.0, hidden=0.0, swapped=0.0)


def look(poses: PoseSet, frames: int = FRAMES) -> Views:
    """Views of frames spread evenly over a set; the same at every call.

    Sets with fewer shapes are seen from more sides.
    """
    rows = np.resize(np.linspace(0, len(poses) - 1, min(frames, len(poses))).astype(int), frames)
    xyz, valid = torch.as_tensor(poses.xyz[rows]), torch.as_tensor(poses.valid[rows])
    with torch.random.fork_rng():
        torch.manual_seed(zlib.crc32(poses.name.encode()))
        return render(xyz, valid, torch.as_tensor(poses.up).expand(frames, 3), CLEAN)


def measure(peer: Peer, sets: dict[str, PoseSet]) -> dict[str, dict[str, float]]:
    """Mean errors of each set, in per cent of the radius; the median of the rotation in degrees."""
    return {name: _errors(peer, poses) for name, poses in sets.items()}


def megaflop(peer: Peer, sets: dict[str, PoseSet]) -> float:
    """Multiplications and additions of lifting a view, in millions, mean over the sets.

    Counted is what torch does: the networks, not the closed-form geometry.
    """
    counts = []
    for poses in sets.values():
        views = look(poses, frames=4)
        with FlopCounterMode(display=False) as counter:
            peer.predict(views, poses)
        counts.append(counter.get_total_flops() / 4e6)
    return float(np.mean(counts))


def _errors(peer: Peer, poses: PoseSet) -> dict[str, float]:
    views = look(poses)
    points = peer.predict(views, poses).double().numpy()
    found = errors(points, views.truth.double().numpy(), views.valid.numpy())
    result = {name: float(found.relative(name).mean()) for name in FIGURES[:3]}
    return {**result, "rotation": float(np.median(found.rotation))}
