"""The frames of a recording: what was detected, when, and by which camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bags.bodies import Bodies, Part
from lfm_ros.bags.broken_off import broken_off
from lfm_ros.bags.cameras import Cameras
from lfm_ros.bags.choice import (
    camera_topic,
    depth_topic,
    detection_topics,
    of_one_object,
    transform_topics,
)
from lfm_ros.bags.depth import RecordedDepth
from lfm_ros.bags.library import message_types, rosbags
from lfm_ros.bags.transforms import RecordedTransforms
from lfm_ros.bags.wishes import Wishes
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError, MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters import Keypoints2D, load_adapter
from lfm_ros.ros.known_sizes import known_sizes
from lfm_ros.ros.stamps import nanoseconds


@dataclass(frozen=True)
class BagFrame:
    """One moment of a recording.

    Attributes:
        stamp_ns: Of the image, nanoseconds.
        recorded_ns: When the message was recorded that made it complete.
        detections: B instances; normalized ones are shares of the image.
        camera: Of the frame, or None.
        frame_id: Of the camera's optical frame; may be empty.
        depth: Image (H, W) of that moment, or None.
    """

    stamp_ns: int
    recorded_ns: int
    detections: Keypoints2D
    camera: Intrinsics | None
    frame_id: str
    depth: NDArray[np.generic] | None = None


class DetectionBag:
    """A recording that is open for reading. Use it in a ``with`` statement.

    Attributes:
        wishes: As they were given.
        rigs: The S rigs that the detections point into.
        sizes: Metres of each rig, (S,), NaN where not known; or None.
        topics: Where the detections are.
        input_type: Their message type.
        complaints: Why messages could not be used, each once.

    Raises:
        InputError: The recording cannot be read, or has no detections that are meant for sure.
        MessageError: A wish cannot be read.
    """

    def __init__(self, path: Path, wishes: Wishes) -> None:
        reader = rosbags("highlevel")
        self.wishes = wishes
        self.complaints: dict[str, int] = {}
        try:
            self._reader = reader.AnyReader([path], default_typestore=message_types())
            self._reader.open()
        except (reader.AnyReaderError, OSError, AssertionError) as error:
            why = broken_off(path) or f"{path} cannot be read as a recording: {error}"
            raise InputError(why) from error
        try:
            self._choose()
        except BaseException:
            self._reader.close()
            raise

    def _choose(self) -> None:
        wishes, connections = self.wishes, self._reader.connections
        found, self.input_type = detection_topics(connections, wishes.topic, wishes.input_type)
        settings = replace(wishes, input_type=self.input_type)
        self._adapter = load_adapter(lambda: settings, ros=False)
        self.rigs: tuple[Skeleton, ...] = self._adapter.rigs
        self.topics = sorted({connection.topic for connection in found})
        self.sizes = known_sizes(wishes.known_sizes, self.rigs, self.complain)
        images = depth_topic(connections, wishes.depth)
        self._connections = [*found, *images]
        self._depth = RecordedDepth(wishes.depth, self.complain)
        cameras = camera_topic(connections, wishes.camera_info, self.topics[0])
        self._cameras = Cameras(self._contents(cameras), wishes.rectified)

    @property
    def has_camera(self) -> bool:
        """Whether the recording tells of a calibrated camera."""
        return self._cameras.known

    def transforms(self) -> RecordedTransforms:
        """Everything on /tf and /tf_static, if a wish names a frame; else nothing.

        Raises:
            FrameError: A frame that a wish names is nowhere in the recording.
        """
        wanted = self._reader.connections if self.wishes.needs_transforms else []
        moving, fixed = transform_topics(wanted)
        told = RecordedTransforms(self._contents(moving), self._contents(fixed), self.complain)
        for wish, frame in self.wishes.frames.items():
            told.require(frame, wish)
        return told

    def frames(self) -> Iterator[BagFrame]:
        """Every frame with detections, in the order of recording; empty ones too.

        Messages that cannot be used are left out and counted in ``complaints``.
        """
        if len(self.topics) == 1 and not of_one_object(self.input_type):
            for _, recorded, detections in self._parts():
                yield self._frame(detections, recorded)
            return
        bodies = Bodies(self.topics, self.wishes.topic)
        for recorded, detections in bodies.frames(self._parts()):
            yield self._frame(detections, recorded)
        if bodies.late:
            self.complain("a body came when its frame was over, and is left out", bodies.late)

    def _frame(self, detections: Keypoints2D, recorded: int) -> BagFrame:
        stamp = nanoseconds(detections.stamp)
        camera, frame_id = self._cameras.at(stamp)
        own = self.wishes.frame_id or detections.frame_id or frame_id
        depth = self._depth.at(detections.stamp)
        return BagFrame(stamp, recorded, detections, camera, own, depth)

    def _parts(self) -> Iterator[Part]:
        for topic, recorded, message in self._depth.taken_out(self._messages(self._connections)):
            part = self._adapted(message)
            if part is not None:
                yield topic, recorded, part

    def _adapted(self, message: Any) -> Keypoints2D | None:
        try:
            detections = self._adapter.adapt(message, self.rigs)
        except MessageError as error:
            self.complain(str(error))
            return None
        for why in (*detections.left_out, *detections.doubts):
            self.complain(why)
        return detections

    def complain(self, why: str, times: int = 1) -> None:
        """Note why something could not be used, or was missing."""
        self.complaints[why] = self.complaints.get(why, 0) + times

    def _messages(self, connections: Sequence[Any]) -> Iterator[tuple[str, int, Any]]:
        """Topic, time of recording and message."""
        if not connections:
            return
        for connection, recorded, data in self._reader.messages(connections):
            try:
                message = self._reader.deserialize(data, connection.msgtype)
            except Exception as error:  # rosbags has no common class of its errors
                self.complain(f"a message on {connection.topic} cannot be read: {error!r}")
                continue
            yield connection.topic, recorded, message

    def _contents(self, connections: Sequence[Any]) -> Iterator[Any]:
        return (message for _, _, message in self._messages(connections))

    def __enter__(self) -> DetectionBag:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.close()
