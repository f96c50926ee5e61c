"""What every detection message becomes before it is lifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Keypoints2D:
    """The detections of one frame, of B instances with at most K keypoints each.

    Attributes:
        keypoints: Pixels, shape (B, K, 2), float32, x right, y down; zeros where missing.
        confidence: Shape (B, K), float32 in [0, 1]; 0 where missing and in the padding.
        instance_id: Identity, shape (B,), int32.
        skeleton: Index into the rigs in use, shape (B,), int32.
        stamp: ``builtin_interfaces/msg/Time`` of the image.
        frame_id: The camera's optical frame; may be empty.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]
    stamp: Any
    frame_id: str

    def __len__(self) -> int:
        return len(self.skeleton)
