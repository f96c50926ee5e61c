"""The other side of nodes that are measured: sends detections, times the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import LfmError
from lfm_ros.ros import qos
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.serialized_frames import Frames, stamp_of_array, stamp_of_header, stamped
from lfm_ros.ros.spinning import spinning
from lfm_ros.ros.tf_message import TFMessage

#: Messages that a node may answer with.
CLOUD, MARKERS = PointCloud2, MarkerArray

_START_SECONDS = 30.0
_POLL_SECONDS = 0.01
# The answers to the last detections may still be under way.
_LATE_SECONDS = 1.0
# A camera's driver is done long before a detector is.
_CAMERA_LEAD_SECONDS = 0.003
_QOS = QoSProfile(depth=100)


@dataclass(frozen=True)
class Played:
    """What came of detections that were sent.

    Attributes:
        sent: How many.
        seconds: How long it took.
        latency: Seconds from sending to the answer, in the order in which answers came.
        answer_bytes: Size of the last answer.
    """

    sent: int
    seconds: float
    latency: NDArray[np.float64]
    answer_bytes: int


class Loopback(Node):
    """Sends detections to other nodes, each in a namespace, and takes their answers as bytes.

    Args:
        namespaces: Where they are; the type of their answers.
        camera: Goes with every frame to those that answer with markers.
        **node_options: Passed on to ``rclpy.node.Node``.

    Attributes:
        status: The last ``/diagnostics`` by the node's name.
    """

    def __init__(
        self, namespaces: Mapping[str, type], camera: Intrinsics, **node_options: Any
    ) -> None:
        super().__init__("loopback", **node_options)
        self.status: dict[str, Mapping[str, str]] = {}
        self._lanes = {name: _Lane(self, name, kind) for name, kind in namespaces.items()}
        header = Header(frame_id="camera_optical_frame")
        self._camera = bytearray(serialize_message(camera_info(header, camera)))
        self.create_subscription(DiagnosticArray, "/diagnostics", self._take_status, _QOS)

    def play(
        self,
        namespace: str,
        frames: Frames,
        rate: float,
        seconds: float,
        look: Callable[[], None] = lambda: None,
    ) -> Played:
        """Send frames at a steady rate, and wait for the last answers.

        Args:
            namespace: To whom.
            frames: The serialised clouds by their number; only their stamps are changed.
            rate: A second.
            seconds: How long.
            look: Called now and then meanwhile; what it raises ends it.
        """
        lane, period = self._lanes[namespace], 1 / rate
        lane.forget()
        lead = min(_CAMERA_LEAD_SECONDS, 0.5 * period)
        began, looked = time.time(), 0.0
        count = max(1, round(seconds * rate))
        for index in range(count):
            due = began + lead + index * period
            stamp = round(1e9 * due)
            _sleep_until(due - lead)
            lane.send_camera(stamped(self._camera, stamp))
            _sleep_until(due)
            lane.send(stamped(frames(index), stamp), stamp)
            if due > looked + _POLL_SECONDS:
                looked = due
                look()
        took = time.time() - began
        end = time.monotonic() + _LATE_SECONDS
        while lane.answered < count and time.monotonic() < end:
            self._pause(look)
        return Played(count, took, lane.latency(), lane.answer_bytes)

    def await_answers(self, namespace: str, frames: Frames, look: Callable[[], None]) -> Played:
        """Send frames until there are answers.

        Raises:
            LfmError: There are none for half a minute.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            played = self.play(namespace, frames, 10.0, 0.5, look)
            if len(played.latency):
                return played
        why = self.status.get(f"{namespace}/lifter", {}).get("last_error", "")
        raise LfmError(
            f"{namespace} did not answer within {_START_SECONDS:g} s. {why}".rstrip(". ")
        )

    def await_status(self, name: str, look: Callable[[], None]) -> Mapping[str, str]:
        """The next ``/diagnostics`` of a node that says all that came before.

        Raises:
            LfmError: There is none.
        """
        deadline = time.monotonic() + _START_SECONDS
        # The first may have been under way already.
        for _ in range(2):
            self.status.pop(name, None)
            while name not in self.status:
                if time.monotonic() > deadline:
                    raise LfmError(f"{name} sent no /diagnostics within {_START_SECONDS:g} s")
                self._pause(look)
        return self.status[name]

    def reset(self, name: str, look: Callable[[], None]) -> None:
        """Let a lifter count from zero.

        Raises:
            LfmError: It does not answer.
        """
        client = self.create_client(Trigger, f"/{name}/reset")
        deadline = time.monotonic() + _START_SECONDS
        while not client.service_is_ready() and time.monotonic() < deadline:
            self._pause(look)
        future = client.call_async(Trigger.Request())
        while not future.done():
            if time.monotonic() > deadline:
                raise LfmError(f"{name} did not answer to ~/reset")
            self._pause(look)
        self.destroy_client(client)

    def listen(self, namespace: str) -> None:
        """Subscribe to the other topics of a lifter too, so that it makes everything."""
        cloud = f"/{namespace}/keypoints_3d"
        self.create_subscription(PointCloud2, cloud, _ignore, qos.result(), raw=True)
        if TFMessage is not None:
            self.create_subscription(TFMessage, "/tf", _ignore, qos.transforms(), raw=True)

    def _take_status(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.status[status.name] = {pair.key: pair.value for pair in status.values}

    @staticmethod
    def _pause(look: Callable[[], None]) -> None:
        look()
        time.sleep(_POLL_SECONDS)


class _Lane:
    """The topics of one node that is measured."""

    def __init__(self, node: Node, namespace: str, answers: type) -> None:
        self.answer_bytes = 0
        self._sent: dict[int, int] = {}
        self._answers: list[tuple[int, int]] = []
        self._keypoints = node.create_publisher(PointCloud2, f"/{namespace}/keypoints", _QOS)
        self._cameras = None
        stamp_of = stamp_of_header
        if answers is MarkerArray:
            self._cameras = node.create_publisher(CameraInfo, f"/{namespace}/camera_info", _QOS)
            stamp_of = stamp_of_array
        take = partial(self._take, stamp_of)
        node.create_subscription(answers, f"/{namespace}/markers", take, _QOS, raw=True)

    @property
    def answered(self) -> int:
        return len(self._answers)

    def forget(self) -> None:
        self._sent, self._answers = {}, []

    def send_camera(self, message: bytes) -> None:
        if self._cameras is not None:
            self._cameras.publish(message)

    def send(self, message: bytes, stamp: int) -> None:
        self._sent[stamp] = time.time_ns()
        self._keypoints.publish(message)

    def latency(self) -> NDArray[np.float64]:
        """Seconds of every answer to what was sent since ``forget``."""
        known = [(at, self._sent[stamp]) for stamp, at in self._answers if stamp in self._sent]
        return 1e-9 * np.array([at - sent for at, sent in known], np.float64)

    def _take(self, stamp_of: Callable[[bytes], int], data: bytes) -> None:
        received = time.time_ns()
        self._answers.append((stamp_of(data), received))
        self.answer_bytes = len(data)


def _ignore(_: bytes) -> None:
    """Somebody listens."""


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


@contextmanager
def looping(namespaces: Mapping[str, type], camera: Intrinsics) -> Iterator[Loopback]:
    """A loopback that spins in a thread of its own while the context lasts."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    loopback = Loopback(namespaces, camera, context=context)
    with spinning(loopback, context):
        yield loopback
