"""How much arithmetic a network is: its matrix products, two operations a multiplication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lfm_ros.core.normalize import CAMERA_FEATURES

#: Of a keypoint beside its position code: position, confidence, whether it was seen.
_TOLD = 4


def network_flop(
    architecture: Mapping[str, Any], instances: int, keypoints: int, rigs: int = 1
) -> float:
    """Operations of one call of our network.

    Args:
        architecture: What the model's manifest says of it.
        instances: B.
        keypoints: K.
        rigs: S, how many adjacency matrices the call has.
    """
    width, tokens = architecture["width"], instances * keypoints
    inputs = _TOLD + architecture["walk_steps"] + architecture["sides"]
    heads = 3 if architecture["depth"] else 2
    outputs = 7 if architecture["depth"] else 4
    block = (4 + 2 * architecture["mlp_ratio"]) * width**2 + 2 * keypoints * width
    token = inputs * width + architecture["layers"] * block + heads * width**2 + outputs * width
    camera = len(CAMERA_FEATURES) * width + width**2
    powers = max((architecture["walk_steps"] + 1) // 2 - 1, 0)
    return 2.0 * (tokens * token + instances * camera + rigs * powers * keypoints**3)


def mlp_flop(width: int, blocks: int, instances: int, keypoints: int) -> float:
    """Operations of one call of the plain residual MLP; see ``lfm_ros.bench.plain_networks``."""
    return 2.0 * instances * (5 * keypoints * width + 2 * blocks * width**2)
