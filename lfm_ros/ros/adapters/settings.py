"""What the adapters ask the parameters for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class AdapterSettings(Protocol):
    """Of the node's parameters, or of what a recording is to be read by; meanings as there."""

    @property
    def input_type(self) -> str:
        """Message type of the detections."""
        ...

    @property
    def skeletons(self) -> Sequence[str]:
        """Names or files of the rigs in use."""
        ...

    @property
    def class_skeletons(self) -> Sequence[str]:
        """Entries ``CLASS: RIG``."""
        ...

    @property
    def keypoint_map(self) -> Sequence[str]:
        """Entries ``FROM: TO``."""
        ...

    @property
    def keypoint_id_base(self) -> int:
        """What ids of keypoints count from."""
        ...

    @property
    def min_detection_confidence(self) -> float:
        """Detections below are left out."""
        ...

    @property
    def tag_size(self) -> float:
        """Edge of AprilTags in metres."""
        ...
