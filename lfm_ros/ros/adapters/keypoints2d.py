"""What every detection message becomes before it is lifted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The identity of an instance whose detector does not say who it is.
UNKNOWN = -1


@dataclass(frozen=True)
class Keypoints2D:
    """The detections of one frame, of B instances with at most K keypoints each.

    Attributes:
        keypoints: Pixels, shape (B, K, 2), float32, x right, y down; zeros where missing.
        confidence: Shape (B, K), float32 in [0, 1]; 0 where missing and in the padding.
        instance_id: Identity, shape (B,), int32; ``UNKNOWN`` where the detector does not say.
        skeleton: Index into the rigs in use, shape (B,), int32.
        stamp: ``builtin_interfaces/msg/Time`` of the image.
        frame_id: The camera's optical frame; empty where the detector does not say it.
        normalized: Whether the keypoints are shares of the image's width and height, not pixels.
        left_out: Why detections are missing here, as sentences for the user.
        doubts: Why the keypoints may be those of another rig, likewise.
        highest_score: The largest confidence there was before it was limited to 1.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]
    stamp: Any
    frame_id: str
    normalized: bool = False
    left_out: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    highest_score: float = 1.0

    def __len__(self) -> int:
        return len(self.skeleton)

    def in_pixels(self, size: tuple[int, int]) -> Keypoints2D:
        """The same in pixels of an image of that width and height."""
        if not self.normalized:
            return self
        scale = np.array(size, np.float32)
        return replace(self, keypoints=self.keypoints * scale, normalized=False)

    def without_instances(self) -> Keypoints2D:
        """A frame of the same time and camera in which nothing is detected."""
        return replace(
            self,
            keypoints=self.keypoints[:0],
            confidence=self.confidence[:0],
            instance_id=self.instance_id[:0],
            skeleton=self.skeleton[:0],
        )

    def named(self, instance_id: int) -> Keypoints2D:
        """The same with one identity for every instance."""
        return replace(self, instance_id=np.full(len(self), instance_id, np.int32))
