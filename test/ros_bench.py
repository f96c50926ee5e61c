"""A lifter that is made to suffer, and the good frame that shows whether it still works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_graph import CAMERA, RELIABLE, NodeProcess, Probe, detections, probing, stamps, started
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import Marker

from lfm_ros.core.camera import LEVEL_UP, Intrinsics
from lfm_ros.lifter import Lifter
from lfm_ros.ros.clouds import KEYPOINT_DTYPE, decode_keypoints, decode_points

NAMESPACE = "faults"
GOOD = detections(Time(sec=7, nanosec=7))
# What a filter makes of a frame depends on those before, so it is off.
_PARAMETERS = ("diagnostics_period:=0.05", "queue_depth:=200", "use_depth:=true", "smoothing:=none")


def lifter_process() -> Any:
    """The lifter under test, as ``ros_graph.started`` gives it."""
    arguments = [word for text in _PARAMETERS for word in ("-p", text)]
    return started("node", *arguments, namespace=NAMESPACE)


@dataclass
class Bench:
    """A lifter, a probe in front of it, and what a good frame should come out as."""

    probe: Probe
    lifter: NodeProcess
    depth: Any
    expected: np.ndarray
    refused: int = 0
    # Far enough apart for no depth image to serve two frames.
    clock: Iterator[Time] = field(default_factory=lambda: stamps(step=0.1))
    names: Iterator[int] = field(default_factory=lambda: count(10_000))

    def frame(self, *args: Any, **options: Any) -> PointCloud2:
        """The next frame, not sent yet; its camera is."""
        message = detections(next(self.clock), *args, **options)
        self.probe.send_camera(message.header.stamp)
        return message

    def good_frame(self, camera: Intrinsics = CAMERA, name: int | None = None) -> PointCloud2:
        """The next good frame, not sent yet; without a name of somebody who was never there."""
        message = detections(next(self.clock))
        cells = np.frombuffer(GOOD.data, KEYPOINT_DTYPE).copy()
        cells["instance_id"] = next(self.names) if name is None else name
        message.data = cells.tobytes()
        self.probe.send_camera(message.header.stamp, camera)
        return message

    def check(self, camera: Intrinsics = CAMERA, name: int | None = None) -> None:
        """Whether a good frame comes out as it should."""
        message = self.good_frame(camera, name)
        self.probe.send(message)
        points = decode_points(self.probe.cloud_of(message))
        row = points.instance_id.tolist().index(decode_keypoints(message).instance_id[0])
        np.testing.assert_allclose(points.xyz[row], self.expected, rtol=1e-4, atol=1e-4)
        markers = self.probe.markers_of(message).markers
        assert {marker.action for marker in markers} == {Marker.ADD}
        assert self.lifter.running

    def set_parameter(self, name: str, value: object) -> tuple[bool, str]:
        """Whether the lifter took a parameter over, and the reason if not."""
        parameter = Parameter(name, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        result = self.probe.call(SetParameters, "lifter/set_parameters", request).results[0]
        return result.successful, result.reason

    def dropped(self, cause: str) -> int:
        """How many frames were dropped for a cause, as the lifter says itself."""
        return int(self.probe.values().get(f"dropped_{cause}", 0))


def lifted_here() -> np.ndarray:
    """What the good frame comes out as without the node, (17, 3) metres."""
    read = decode_keypoints(GOOD)
    with Lifter.from_pretrained() as lifter:
        return lifter.lift(read.uv, read.confidence, CAMERA, "coco17", up=LEVEL_UP).points[0]


@contextmanager
def suffering() -> Iterator[Bench]:
    """A lifter that has lifted one good frame already."""
    with lifter_process() as lifter, probing(NAMESPACE) as probe:
        depth = probe.node.create_publisher(Image, "depth", RELIABLE)
        probe.await_lifter()
        probe.until(depth.get_subscription_count, "the lifter's subscription for depth")
        made = Bench(probe, lifter, depth, lifted_here())
        made.check()
        yield made
