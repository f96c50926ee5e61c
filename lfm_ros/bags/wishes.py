"""How a recording is to be read and lifted."""

from __future__ import annotations

from dataclasses import dataclass

from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.surroundings import FRAME_PARAMETERS


@dataclass(frozen=True)
class Wishes(LifterParameters):
    """How to read and lift a recording: what a node can be told, and which topics.

    Attributes:
        input_type: Message type of the detections; empty: what is there.
        topic: Of the detections, may hold ``*``; None: the only one that fits.
        camera_info: Topic of the camera; None: the one beside the detections, or the only one.
        depth: Topic of the depth images; None: they are not used.
    """

    input_type: str = ""
    topic: str | None = None
    camera_info: str | None = None
    depth: str | None = None

    @property
    def frames(self) -> dict[str, str]:
        """The frames that are named and whose place is in /tf, by the name of the wish."""
        return {name: getattr(self, name) for name in FRAME_PARAMETERS if getattr(self, name)}

    @property
    def needs_transforms(self) -> bool:
        """Whether a frame is named whose place is in /tf."""
        return bool(self.frames)
