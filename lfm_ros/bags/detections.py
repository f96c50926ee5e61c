"""The frames of a recording: what was detected, when, and by which camera."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename, dirname
from types import TracebackType
from typing import Any

from lfm_ros.bags.choice import camera_topic, detection_topics
from lfm_ros.bags.library import message_types, rosbags
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError, MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters import Keypoints2D, load_adapter
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.gathering import merged
from lfm_ros.ros.stamps import nanoseconds


@dataclass(frozen=True)
class Wishes:
    """How to read the detections of a recording; names and meanings are those of the parameters.

    Attributes:
        topic: Of the detections, may hold ``*``; None: the only one that fits.
        camera_info: Topic of the camera; None: the one beside the detections, or the only one.
    """

    topic: str | None = None
    camera_info: str | None = None
    input_type: str | None = None
    skeletons: tuple[str, ...] = ("coco17",)
    class_skeletons: tuple[str, ...] = ()
    keypoint_map: tuple[str, ...] = ()
    keypoint_id_base: int = 1
    min_detection_confidence: float = 0.0
    tag_size: float = 0.16


@dataclass(frozen=True)
class BagFrame:
    """One moment of a recording.

    Attributes:
        stamp_ns: Of the image, nanoseconds.
        recorded_ns: When the message was recorded.
        detections: B instances; normalized ones are shares of the image.
        camera: Of the frame, or None.
        frame_id: Of the camera's optical frame; may be empty.
    """

    stamp_ns: int
    recorded_ns: int
    detections: Keypoints2D
    camera: Intrinsics | None
    frame_id: str


class DetectionBag:
    """A recording that is open for reading. Use it in a ``with`` statement.

    Attributes:
        rigs: The rigs that the detections point into.
        topics: Where the detections are.
        input_type: Their message type.
        complaints: Why messages could not be used, each once.

    Raises:
        InputError: The recording cannot be read, or has no detections that are meant for sure.
    """

    def __init__(self, path: Path, wishes: Wishes) -> None:
        reader = rosbags("highlevel")
        self.complaints: dict[str, int] = {}
        try:
            self._reader = reader.AnyReader([path], default_typestore=message_types())
            self._reader.open()
        except (reader.AnyReaderError, OSError, AssertionError) as error:
            raise InputError(f"{path} cannot be read as a recording: {error}") from error
        try:
            self._choose(wishes)
        except BaseException:
            self._reader.close()
            raise

    def _choose(self, wishes: Wishes) -> None:
        connections = self._reader.connections
        found, self.input_type = detection_topics(connections, wishes.topic, wishes.input_type)
        settings = _Settings(wishes, self.input_type)
        self._adapter = load_adapter(lambda: settings, ros=False)
        self.rigs: tuple[Skeleton, ...] = self._adapter.rigs
        self.topics = sorted({connection.topic for connection in found})
        self._connections = found
        self._cameras = _Cameras(
            self._messages(camera_topic(connections, wishes.camera_info, self.topics[0]))
        )

    @property
    def has_camera(self) -> bool:
        """Whether the recording tells of a calibrated camera."""
        return self._cameras.known

    def frames(self) -> Iterator[BagFrame]:
        """Every frame with detections, in the order of recording; empty ones too.

        Messages that cannot be used are left out and counted in ``complaints``.
        """
        together = len(self.topics) > 1
        parts: list[Keypoints2D] = []
        recorded = 0
        for topic, now, message in self._messages(self._connections):
            part = self._adapted(message)
            if part is None:
                continue
            if together:
                # /humans/bodies/ID/skeleton2d
                part = part.named(identity(basename(dirname(topic))))
            if parts and not (together and _same_moment(parts[0], part)):
                yield self._frame(merged(parts), recorded)
                parts = []
            parts.append(part)
            recorded = now
        if parts:
            yield self._frame(merged(parts), recorded)

    def _frame(self, detections: Keypoints2D, recorded: int) -> BagFrame:
        stamp = nanoseconds(detections.stamp)
        camera, frame_id = self._cameras.at(stamp)
        own = detections.frame_id or frame_id
        return BagFrame(stamp, recorded, detections, camera, own)

    def _adapted(self, message: Any) -> Keypoints2D | None:
        try:
            detections = self._adapter.adapt(message, self.rigs)
        except MessageError as error:
            self._complain(str(error))
            return None
        for why in detections.left_out:
            self._complain(why)
        return detections

    def _complain(self, why: str) -> None:
        self.complaints[why] = self.complaints.get(why, 0) + 1

    def _messages(self, connections: Sequence[Any]) -> Iterator[tuple[str, int, Any]]:
        """Topic, time of recording and message."""
        if not connections:
            return
        for connection, recorded, data in self._reader.messages(connections):
            try:
                message = self._reader.deserialize(data, connection.msgtype)
            except Exception as error:  # rosbags has no common class of its errors
                self._complain(f"a message on {connection.topic} cannot be read: {error!r}")
                continue
            yield connection.topic, recorded, message

    def __enter__(self) -> DetectionBag:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.close()


def _same_moment(one: Keypoints2D, other: Keypoints2D) -> bool:
    return nanoseconds(one.stamp) == nanoseconds(other.stamp)


class _Settings:
    """What the adapters ask the node's parameters for."""

    def __init__(self, wishes: Wishes, input_type: str) -> None:
        self.__dict__.update(vars(wishes))
        self.input_type = input_type


class _Cameras:
    """The cameras of a recording by stamp. All are read first: one may come behind its frame."""

    def __init__(self, messages: Iterator[tuple[str, int, Any]]) -> None:
        self._last: tuple[Any, Intrinsics | None] = (None, None)
        said = [
            (nanoseconds(info.header.stamp), self._intrinsics(info), info.header.frame_id)
            for _, _, info in messages
        ]
        said.sort(key=lambda one: one[0])
        self._stamps = [stamp for stamp, _, _ in said]
        self._cameras = [(camera, frame_id) for _, camera, frame_id in said]

    @property
    def known(self) -> bool:
        return any(camera is not None for camera, _ in self._cameras)

    def at(self, stamp: int) -> tuple[Intrinsics | None, str]:
        """Camera and frame of a moment: the last that was said by then, else the first ever."""
        if not self._cameras:
            return None, ""
        return self._cameras[max(bisect_right(self._stamps, stamp) - 1, 0)]

    def _intrinsics(self, info: Any) -> Intrinsics | None:
        """The camera; read anew only where the message says something new, as hardly any does."""
        roi = info.roi
        content = (info.k.tobytes(), info.d.tobytes(), info.distortion_model, info.width)
        content += (info.height, info.binning_x, info.binning_y)
        content += (roi.x_offset, roi.y_offset, roi.width, roi.height)
        if self._last[0] != content:
            try:
                camera = Intrinsics.from_camera_info(info)
            except InputError:
                camera = None
            self._last = (content, camera)
        return self._last[1]
