"""Both ends of a test on a real ROS graph: a node in its own process, and a probe in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import Keypoints, encode_keypoints
from lfm_ros.ros.lifecycle_client import LifecycleClient

ROOT = Path(__file__).resolve().parents[1]
CAMERA = Intrinsics([[900, 0, 640], [0, 900, 360], [0, 0, 1]], (1280, 720))
FRAME_ID = "camera_optical_frame"
PATIENCE = 20.0
NAMESPACE = "test"
RELIABLE = QoSProfile(depth=200)


class NodeProcess:
    """An executable of lfm_ros in a process of its own; its output goes to a file."""

    def __init__(self, module: str, arguments: Sequence[str], namespace: str) -> None:
        self._log = tempfile.NamedTemporaryFile("w+", prefix="lfm_", suffix=".log")  # noqa: SIM115
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "RCUTILS_LOGGING_USE_STDOUT": "1"}
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", f"lfm_ros.ros.{module}", "--ros-args", *arguments]
        command += ["-r", f"__ns:=/{namespace}"]
        self._process = subprocess.Popen(
            command,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**environment, "PYTHONPATH": path},
            cwd=tempfile.gettempdir(),
        )

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return Path(self._log.name).read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float = PATIENCE) -> int:
        return self._process.wait(timeout)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def interrupt(self) -> tuple[int, float]:
        """Ctrl-C: exit status, and seconds until the process was gone.

        Sent again and again, as ros2 launch and the terminal both send it, and people too.
        """
        began = time.monotonic()
        while self.running:
            assert time.monotonic() < began + PATIENCE, self.output
            self._process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        return self._process.wait(), time.monotonic() - began

    def close(self) -> None:
        if self.running:
            self.kill()
        self._log.close()


@contextmanager
def started(module: str, *arguments: str, namespace: str = NAMESPACE) -> Iterator[NodeProcess]:
    """A node's process, killed at the end if it is still there."""
    process = NodeProcess(module, arguments, namespace)
    try:
        yield process
    finally:
        sys.stdout.write(process.output)  # pytest shows it where a test fails
        process.close()


@contextmanager
def foreign_publisher(message: type, topic: str, namespace: str = NAMESPACE) -> Iterator[Any]:
    """A publisher of another DDS participant; one alone cannot have two types on a topic."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("foreign", namespace=namespace, context=context)
    try:
        yield node.create_publisher(message, topic, RELIABLE)
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


@contextmanager
def probing(namespace: str = NAMESPACE) -> Iterator[Probe]:
    """A probe, closed at the end."""
    probe = Probe(namespace)
    try:
        yield probe
    finally:
        probe.close()


class Probe:
    """The other side of the lifter: publishes detections, collects what comes back."""

    def __init__(self, namespace: str) -> None:
        self._name = f"{namespace}/lifter"
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node("probe", namespace=namespace, context=self._context)
        self.lifecycle = LifecycleClient(self.node, "lifter")
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._changed = threading.Condition()
        self.markers: list[MarkerArray] = []
        self.clouds: list[PointCloud2] = []
        self.transforms: list[Any] = []
        self.diagnostics: list[DiagnosticArray] = []
        self.collect(MarkerArray, "markers", self.markers)
        self.collect(PointCloud2, "keypoints_3d", self.clouds)
        self.collect(DiagnosticArray, "/diagnostics", self.diagnostics)
        self._keypoints = self.node.create_publisher(PointCloud2, "keypoints", RELIABLE)
        self._camera_info = self.node.create_publisher(CameraInfo, "camera_info", RELIABLE)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        rclpy.shutdown(context=self._context)
        self._thread.join(PATIENCE)
        self.node.destroy_node()

    def collect(
        self, message: type, topic: str, into: list[Any], profile: QoSProfile = RELIABLE
    ) -> None:
        """Append what comes on a topic."""

        def take(received: Any) -> None:
            with self._changed:
                into.append(received)
                self._changed.notify_all()

        self.node.create_subscription(message, topic, take, profile)

    def forget(self) -> None:
        """Empty everything that was collected."""
        with self._changed:
            for collected in (self.markers, self.clouds, self.transforms, self.diagnostics):
                collected.clear()

    def until(self, condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
        """Wait for a condition; fail with ``what`` if it does not come true."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (found := condition()):
                left = deadline - time.monotonic()
                assert left > 0, f"waited {timeout:g} s in vain for {what}"
                # Not everything that is waited for arrives as a message (services, graph).
                self._changed.wait(min(left, 0.05))
        return found

    def call(self, service: type, name: str, request: Any) -> Any:
        """The response of a service."""
        client = self.node.create_client(service, name)
        assert client.wait_for_service(PATIENCE), f"service {name} is not there"
        future = client.call_async(request)
        self.until(future.done, f"an answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def transition(self, label: str) -> bool:
        """Ask the lifter for a lifecycle transition; whether it succeeded."""
        request = ChangeState.Request(transition=Transition(label=label))
        return self.call(ChangeState, "lifter/change_state", request).success

    def state(self) -> str:
        """The lifter's lifecycle state."""
        self.lifecycle.wait(PATIENCE, lambda: None)
        return self.lifecycle.state(PATIENCE, lambda: None)

    def await_lifter(self) -> None:
        """Until the lifter listens to us, and we to it; then it knows the camera too."""
        self.await_answers(camera=True)

    def await_answers(self, *, camera: bool) -> None:
        """Until a frame without instances comes back, sent with a camera or without.

        Discovery is not the same at both ends at once, and best-effort messages are lost in
        between: only an answer shows that both ends are there.
        """
        self.await_topics()
        for number in range(200):
            empty = detections(Time(sec=1, nanosec=number), (), ())
            if camera:
                self.send_camera(empty.header.stamp)
            self.send(empty)
            if self._answered(empty, 0.2):
                self.forget()
                return
        raise AssertionError("the lifter does not answer")

    def await_topics(self) -> None:
        """Until the lifter's topics are seen from here."""
        self.until(self._connected, "the lifter's topics")

    def _answered(self, message: PointCloud2, patience: float) -> bool:
        stamp = message.header.stamp
        with self._changed:
            return self._changed.wait_for(
                lambda: (
                    any(cloud.header.stamp == stamp for cloud in self.clouds)
                    and any(array.markers[0].header.stamp == stamp for array in self.markers)
                ),
                patience,
            )

    def _connected(self) -> bool:
        listens = self._keypoints.get_subscription_count() and (
            self._camera_info.get_subscription_count()
        )
        speaks = self.node.count_publishers("markers") and self.node.count_publishers(
            "keypoints_3d"
        )
        return bool(listens and speaks)

    def send(self, message: PointCloud2) -> None:
        self._keypoints.publish(message)

    def send_camera(self, stamp: Time, camera: Intrinsics = CAMERA) -> None:
        self._camera_info.publish(camera_info(Header(stamp=stamp, frame_id=FRAME_ID), camera))

    def send_camera_info(self, message: CameraInfo) -> None:
        self._camera_info.publish(message)

    def markers_of(self, message: PointCloud2) -> MarkerArray:
        """The markers that answer a message, known by its stamp."""
        stamp = message.header.stamp

        def found() -> MarkerArray | None:
            return next((m for m in self.markers if m.markers[0].header.stamp == stamp), None)

        return self.until(found, f"markers with stamp {stamp.sec}.{stamp.nanosec:09d}")

    def cloud_of(self, message: PointCloud2) -> PointCloud2:
        """The cloud that answers a message, known by its stamp."""
        stamp = message.header.stamp
        return self.until(
            lambda: next((c for c in self.clouds if c.header.stamp == stamp), None),
            f"a cloud with stamp {stamp.sec}.{stamp.nanosec:09d}",
        )

    def lift(self, message: PointCloud2) -> MarkerArray:
        """Send camera and detections, wait for the markers."""
        self.send_camera(message.header.stamp)
        self.send(message)
        return self.markers_of(message)

    def values(self) -> dict[str, str]:
        """Keys and values of the lifter's next diagnostic status, its level and message too."""
        with self._changed:
            self.diagnostics.clear()
        status = self.until(self._own_status, f"/diagnostics of {self._name}")
        found = {pair.key: pair.value for pair in status.values}
        return {**found, "level": str(ord(status.level)), "message": status.message}

    def _own_status(self) -> DiagnosticStatus | None:
        received = [array.status[0] for array in self.diagnostics]
        own = [status for status in received if status.name == self._name]
        # The first may have been under way before what the test did was counted.
        return own[1] if len(own) > 1 else None


def stamps(start: float = 100.0, step: float = 1 / 30) -> Iterator[Time]:
    """Stamps without end."""
    nanoseconds = int(start * 1e9)
    while True:
        yield Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
        nanoseconds += int(step * 1e9)


def detections(
    stamp: Time,
    widths: Sequence[int] = (17,),
    skeleton: Sequence[int] = (0,),
    ids: Sequence[int] | None = None,
    *,
    frame_id: str = FRAME_ID,
) -> PointCloud2:
    """Instances of the given rigs with keypoints all over the image, rows padded."""
    rng = np.random.default_rng(stamp.nanosec)
    count, width = len(widths), max(widths, default=0)
    confidence = np.where(np.arange(width) < np.reshape(widths, (-1, 1)), 0.9, 0.0)
    uv = rng.uniform((340, 160), (940, 560), (count, width, 2))
    numbers = np.arange(count) if ids is None else np.asarray(ids)
    cells = Keypoints(
        uv.astype(np.float32),
        confidence.astype(np.float32).reshape(count, width),
        numbers.astype(np.int32),
        np.asarray(skeleton, np.int32),
    )
    return encode_keypoints(Header(stamp=stamp, frame_id=frame_id), cells)
