"""Photographs of poses whose truth is known, reproducibly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from lfm_ros import Lifted, Lifter, Skeleton
from training.cameras import place
from training.data.poses import PoseSet
from training.evaluation.conditions import CAMERA, Condition

# Few shapes are seen from more sides, so that no set's figure hangs on a handful of views.
_FEWEST_VIEWS = 50


@dataclass(frozen=True)
class Shots:
    """Frames of one set as seen by ``CAMERA``. Truth is in the camera frame, in radii.

    Attributes:
        pixels: (B, K, 2).
        confidence: (B, K), 0 where the lifter does not see the keypoint.
        truth: (B, K, 3).
        valid: (B, K) which points have a truth.
        up: (B, 3) against gravity in the camera frame.
        skeleton: The rig.
    """

    pixels: NDArray[np.float64]
    confidence: NDArray[np.float64]
    truth: NDArray[np.float64]
    valid: NDArray[np.bool_]
    up: NDArray[np.float64]
    skeleton: Skeleton

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """(B, K) which keypoints have a truth that the lifter does not see."""
        return self.valid & (self.confidence == 0)


def shoot(poses: PoseSet, condition: Condition, frames: int, seed: int) -> Shots:
    """Photograph frames spread evenly over a set. The same seed gives the same views."""
    rows = np.linspace(0, len(poses) - 1, min(frames, len(poses))).astype(int)
    rows = np.resize(rows, max(len(rows), min(frames, _FEWEST_VIEWS)))
    xyz, valid = torch.as_tensor(poses.xyz[rows]), torch.as_tensor(poses.valid[rows])
    up = torch.as_tensor(poses.up).expand(len(rows), 3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        points, gravity = place(xyz.double(), valid, up.double(), condition.views)
    truth, seen = points.numpy(), poses.valid[rows]
    random = np.random.default_rng(seed)
    pixels = _noisy(CAMERA.project(truth), seen, condition.noise, random)
    confidence = (seen & ~_hidden(pixels, seen, condition, random)).astype(np.float64)
    return Shots(pixels, confidence, truth, seen, gravity.numpy(), poses.skeleton)


def lift(lifter: Lifter, shots: Shots, condition: Condition) -> Lifted:
    """Lift what was photographed, told what the condition tells."""
    rig = shots.skeleton if condition.sides else replace(shots.skeleton, pairs=(), side="")
    return lifter.lift(
        shots.pixels,
        shots.confidence,
        CAMERA if condition.camera else None,
        rig if condition.edges else None,
        up=shots.up if condition.up else None,
    )


def _noisy(
    pixels: NDArray[np.float64], valid: NDArray[np.bool_], noise: float, random: np.random.Generator
) -> NDArray[np.float64]:
    weight = valid[..., None] / np.maximum(valid.sum(-1), 1)[:, None, None]
    offset = (pixels - (pixels * weight).sum(1, keepdims=True)) * valid[..., None]
    extent = np.linalg.norm(offset, axis=-1).max(-1)[:, None, None]
    return pixels + noise * extent * random.standard_normal(pixels.shape)


def _hidden(
    pixels: NDArray[np.float64],
    valid: NDArray[np.bool_],
    condition: Condition,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which keypoints (B, K) the occluder covers; at least four stay."""
    order = _order(pixels, valid, condition.occluder, random)
    rank = np.where(valid, order, np.inf).argsort(-1).argsort(-1)
    total = valid.sum(-1)
    share = np.minimum((condition.hidden * total).astype(int), np.maximum(total - 4, 0))
    return valid & (rank < share[:, None])


def _order(
    pixels: NDArray[np.float64],
    valid: NDArray[np.bool_],
    occluder: str,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Which keypoints are covered first (B, K): the smallest number is."""
    scattered = random.random(valid.shape)
    if occluder == "scattered":
        return scattered
    if occluder == "contiguous":
        middle = np.where(valid, scattered, np.inf).argmin(-1)
        offset = pixels - pixels[np.arange(len(pixels)), middle][:, None]
        return np.linalg.norm(offset, axis=-1)
    angle = 2 * np.pi * random.random(len(pixels))
    return np.einsum("bki,bi->bk", pixels, np.stack([np.cos(angle), np.sin(angle)], -1))
