"""Detections to measure with: as many instances of as many keypoints as asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.skeleton import Skeleton

CAMERA = Intrinsics([[900, 0, 640], [0, 900, 360], [0, 0, 1]], (1280, 720))
#: A person's size; what it is does not matter to the time.
_NOMINAL_SIZE = 7.0


def tree_rig(width: int) -> Skeleton:
    """A rig of ``width`` keypoints whose edges are a tree, as those of most rigs are."""
    rng = np.random.default_rng(width)
    edges = [(int(rng.integers(max(0, k - 6), k)), k) for k in range(1, width)]
    names = [f"keypoint_{k}" for k in range(width)]
    return Skeleton(names, edges, nominal_size=_NOMINAL_SIZE, name=f"tree{width}")


def detections(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Pixels (count, width, 2) of instances all over the image."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform((200, 200), (1080, 520), (count, 1, 2))
    return (middle + rng.normal(0, 60, (count, width, 2))).astype(np.float32)
