"""The node ``viewer`` on a real graph, looked at through a real browser."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pytest
from viewer_browser import Tab, chromium, free_port, needs_chromium, share_of_hue, until
from viewer_scene import MATRIX, RIG, SIZE, points2d, points3d

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros_graph import FRAME_ID, NAMESPACE, NodeProcess, Probe, probing, stamps, started
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header, String

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.palette import instance_color
from lfm_ros.ros.clouds import Keypoints, Points, encode_keypoints, encode_points

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DRAWN = 2e-4
ENDS_WITHIN = 20.0
"""Seconds. Only a viewer that hangs takes so long, however busy the machine."""


class Lifter:
    """Publishes what the lifter and the player would, without lifting anything."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._stamps = stamps()
        node = probe.node
        self._lifted = node.create_publisher(PointCloud2, "keypoints_3d", 5)
        self._truth = node.create_publisher(PointCloud2, "ground_truth", 5)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 5)
        self._skeletons = node.create_publisher(String, "skeletons", LATCHED)

    def start(self) -> None:
        """Publish by itself: data that pauses for a second would be shown as old."""
        self._timer = self._probe.node.create_timer(0.1, self.publish)

    def stop(self) -> None:
        self._timer.cancel()

    def publish(self) -> None:
        """One frame on every topic."""
        header = Header(stamp=next(self._stamps), frame_id=FRAME_ID)
        seen = points2d()
        self._probe.send_camera(header.stamp, Intrinsics(MATRIX, SIZE))
        cells = Keypoints(seen.uv, seen.confidence, seen.instance_id, seen.skeleton)
        self._probe.send(encode_keypoints(header, cells))
        self._truth.publish(cloud(header, shift=0.05))
        self._lifted.publish(cloud(header))
        self._skeletons.publish(String(data=json.dumps([asdict(RIG)])))
        self._diagnostics.publish(diagnostics("test/lifter", "onnxruntime"))
        self._diagnostics.publish(diagnostics("elsewhere/lifter", "somebody else's"))

    def publish_nonsense(self) -> None:
        """Messages that no program should send."""
        self._lifted.publish(PointCloud2(height=7, width=3, point_step=1))
        self._truth.publish(PointCloud2(height=1, width=1, point_step=4, data=[0] * 4))
        self._skeletons.publish(String(data="{"))
        self._skeletons.publish(String(data="[3]"))


def cloud(header: Header, shift: float = 0.0) -> PointCloud2:
    points = points3d(shift)
    count, width = points.observed.shape
    zeros = np.zeros((count, width), np.float32)
    sources = np.zeros(count, np.uint8)
    made = Points(
        xyz=points.xyz,
        sigma=zeros,
        place_sigma=zeros[:, 0],
        confidence=zeros,
        observed=points.observed,
        scale_source=sources,
        slot=np.full(count, -1, np.int16),
        instance_id=points.instance_id,
        skeleton=points.skeleton,
    )
    return encode_points(header, made, np.full(count, width))


def diagnostics(name: str, engine: str) -> DiagnosticArray:
    values = {"rate_in_hz": "30.0", "engine": engine}
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticArray(status=[DiagnosticStatus(name=name, values=pairs)])


@pytest.fixture
def lifter() -> Iterator[Lifter]:
    with probing() as probe:
        yield Lifter(probe)


def shown(tab: Tab, instance: int) -> bool:
    return share_of_hue(tab.scene(), instance_color(instance)) > DRAWN


def is_up(process: NodeProcess) -> None:
    until(lambda: "in a browser" in process.output or not process.running, "the address")
    assert process.running, process.output


@needs_chromium
def test_what_is_published_is_seen_and_ctrl_c_ends_it(lifter):
    port = free_port()
    with started("viewer_node", "-p", f"port:={port}") as viewer, chromium() as browser:
        is_up(viewer)
        assert f"open http://127.0.0.1:{port} in a browser" in viewer.output
        tab = Tab(browser, f"http://127.0.0.1:{port}")
        lifter.publish_nonsense()
        lifter.start()
        for instance in range(3):
            until(lambda i=instance: shown(tab, i), f"skeleton {instance}")
        until(lambda: "onnxruntime" in tab.text(), "the engine")
        text = tab.text()
        assert "50.0 mm absolute" in text
        assert "0.0 mm shape" in text
        assert "somebody else" not in text
        lifter.stop()
        until(lambda: "no data for" in tab.text(), "the words that say the data is old")
        status, seconds = viewer.interrupt()
        assert status == 0
        assert seconds < ENDS_WITHIN
        assert "Traceback" not in viewer.output


def test_a_busy_port_is_one_sentence_and_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("viewer_node", "-p", f"port:={port}", namespace=NAMESPACE) as viewer:
            assert viewer.wait() == 1
            lines = viewer.output.strip().splitlines()
    assert len(lines) == 1
    assert f"127.0.0.1 port {port}" in lines[0]
