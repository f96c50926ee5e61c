"""One moment seen by the camera: what a detector says, and the truth behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Seen:
    """One instance in one frame; arrays have the K keypoints of its own rig.

    Attributes:
        instance_id: Stays the same as long as the instance is visible; never used again.
        skeleton: Index into the source's skeletons.
        keypoints: (K, 2) pixels.
        confidence: (K,) in [0, 1]; 0 is a missing keypoint.
        truth: (K, 3) metres, camera optical frame.
        truth_valid: (K,) bool.
    """

    instance_id: int
    skeleton: int
    keypoints: NDArray[np.floating]
    confidence: NDArray[np.floating]
    truth: NDArray[np.floating]
    truth_valid: NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """All instances of one moment; rows are padded to the K of the largest rig.

    Attributes:
        keypoints: (B, K, 2) float32 pixels, x right, y down; zero where missing or padding.
        confidence: (B, K) float32 in [0, 1]; 0 is missing or padding.
        skeleton: (B,) int32 index into the source's ``skeletons``.
        instance_id: (B,) int32.
        truth: (B, K, 3) float32 metres in the camera's optical frame: x right, y down, z forward.
        truth_valid: (B, K) bool; False in the padding and where the truth is not known.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    skeleton: NDArray[np.int32]
    instance_id: NDArray[np.int32]
    truth: NDArray[np.float32]
    truth_valid: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.instance_id)

    @classmethod
    def assemble(cls, instances: Sequence[Seen], width: int) -> Frame:
        """Pad ``instances`` to ``width`` keypoints; no instance at all is an empty frame."""
        count = len(instances)
        frame = cls(
            np.zeros((count, width, 2), np.float32),
            np.zeros((count, width), np.float32),
            np.array([i.skeleton for i in instances], np.int32),
            np.array([i.instance_id for i in instances], np.int32),
            np.zeros((count, width, 3), np.float32),
            np.zeros((count, width), bool),
        )
        for row, one in enumerate(instances):
            known = slice(len(one.confidence))
            seen = one.confidence > 0
            frame.keypoints[row, known] = np.where(seen[:, None], one.keypoints, 0.0)
            frame.confidence[row, known] = one.confidence
            frame.truth[row, known] = np.where(one.truth_valid[:, None], one.truth, 0.0)
            frame.truth_valid[row, known] = one.truth_valid
        return frame
