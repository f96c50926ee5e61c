"""How a recording is to be read and lifted."""

from __future__ import annotations

from dataclasses import dataclass

from lfm_ros.ros.parameters import LifterParameters

_NODE = LifterParameters()


@dataclass(frozen=True)
class Wishes:
    """How to read and lift a recording; names, meanings and defaults are the node's parameters'.

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
    skeletons: tuple[str, ...] = _NODE.skeletons
    class_skeletons: tuple[str, ...] = _NODE.class_skeletons
    keypoint_map: tuple[str, ...] = _NODE.keypoint_map
    keypoint_id_base: int = _NODE.keypoint_id_base
    min_detection_confidence: float = _NODE.min_detection_confidence
    tag_size: float = _NODE.tag_size
    min_confidence: float = _NODE.min_confidence
    rectified: bool = _NODE.rectified
    gravity: str = _NODE.gravity
    camera_pitch_deg: float = _NODE.camera_pitch_deg
    known_sizes: tuple[str, ...] = _NODE.known_sizes
    gravity_frame: str = _NODE.gravity_frame
    ground_frame: str = _NODE.ground_frame
    target_frame: str = _NODE.target_frame
    frame_id: str = _NODE.frame_id

    @property
    def frames(self) -> dict[str, str]:
        """The frames that are named and whose place is in /tf, by the name of the wish."""
        names = ("gravity_frame", "ground_frame", "target_frame")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    @property
    def needs_transforms(self) -> bool:
        """Whether a frame is named whose place is in /tf."""
        return bool(self.frames)
