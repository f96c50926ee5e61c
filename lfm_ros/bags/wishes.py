"""How a recording is to be read and lifted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wishes:
    """How to read and lift a recording; names and meanings are those of the node's parameters.

    Beside them stand the topics:

    Attributes:
        topic: Of the detections, may hold ``*``; None: the only one that fits.
        camera_info: Topic of the camera; None: the one beside the detections, or the only one.
        depth: Topic of the depth images; None: they are not used.
        input_type: Message type of the detections; empty: what is there.
    """

    topic: str | None = None
    camera_info: str | None = None
    depth: str | None = None
    input_type: str = ""
    skeletons: tuple[str, ...] = ("coco17",)
    class_skeletons: tuple[str, ...] = ()
    keypoint_map: tuple[str, ...] = ()
    keypoint_id_base: int = 1
    min_detection_confidence: float = 0.0
    tag_size: float = 0.16
    min_confidence: float = 0.1
    rectified: bool = False
    gravity: str = "camera_upright"
    camera_pitch_deg: float = 0.0
    known_sizes: tuple[str, ...] = ()
    gravity_frame: str = ""
    ground_frame: str = ""
    target_frame: str = ""
    frame_id: str = ""

    @property
    def frames(self) -> dict[str, str]:
        """The frames that are named and whose place is in /tf, by the name of the wish."""
        names = ("gravity_frame", "ground_frame", "target_frame")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    @property
    def needs_transforms(self) -> bool:
        """Whether a frame is named whose place is in /tf."""
        return bool(self.frames)
