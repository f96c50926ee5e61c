"""Depth images on their way through the node."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from ros_graph import FRAME_ID, RELIABLE, Probe, detections, probing, stamps, started
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from lfm_ros.core.errors import InputError
from lfm_ros.core.placement import DEPTH, KNOWN
from lfm_ros.ros.clouds import decode_points
from lfm_ros.ros.depth_cache import DepthCache
from lfm_ros.skeletons import load_skeleton

BEHIND = load_skeleton("coco17").surface_depth


def wall(stamp: Time, metres: float, encoding: str = "16UC1") -> Image:
    """A depth image of a wall across the view; its rows are padded."""
    kind, unit = ("<f4", 1.0) if encoding == "32FC1" else ("<u2", 1000.0)
    rows = np.zeros((72, 130), kind)
    rows[:, :128] = metres * unit
    made = Image(header=Header(stamp=stamp, frame_id=FRAME_ID), encoding=encoding)
    made.height, made.width, made.step = 72, 128, rows.strides[0]
    made.data = rows.tobytes()
    return made


def test_the_image_of_the_same_stamp_is_taken():
    cache = DepthCache()
    for number in range(12):
        cache.update(wall(Time(sec=1, nanosec=number * 33_000_000), 1 + number))
    assert cache.at(Time(sec=1, nanosec=6 * 33_000_000), 0.0)[3, 3] == 7000
    # Only a few are kept, and what is not near in time tells nothing.
    assert cache.at(Time(sec=1, nanosec=0), 0.0) is None
    assert cache.at(Time(sec=1, nanosec=6 * 33_000_000 + 9_000_000), 0.0)[3, 3] == 7000
    cache.clear()
    assert cache.at(Time(sec=1, nanosec=6 * 33_000_000), 0.0) is None


def test_a_late_image_is_waited_for_but_not_twice_in_vain():
    cache, stamp = DepthCache(), Time(sec=5)
    cache.update(wall(Time(sec=4, nanosec=960_000_000), 1.0))
    late = threading.Timer(0.05, lambda: cache.update(wall(stamp, 2.0)))
    late.start()
    assert cache.at(stamp, 5.0)[0, 0] == 2000
    late.join()
    began = time.monotonic()
    assert cache.at(Time(sec=5, nanosec=20_000_000), 0.05)[0, 0] == 2000
    waited = time.monotonic() - began
    assert waited >= 0.05
    began = time.monotonic()
    assert cache.at(Time(sec=5, nanosec=30_000_000), 60.0)[0, 0] == 2000
    assert time.monotonic() - began < 30


def test_without_any_image_nothing_is_waited_for():
    began = time.monotonic()
    assert DepthCache().at(Time(sec=1), 60.0) is None
    assert time.monotonic() - began < 30


def test_colour_is_no_depth():
    with pytest.raises(InputError, match="rgb8"):
        DepthCache().update(Image(encoding="rgb8", height=1, width=1, step=3, data=bytes(3)))


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    arguments = ["-p", "use_depth:=true", "-p", "diagnostics_period:=0.1"]
    arguments += ["-p", "known_sizes:=['coco17: 5.1']"]
    arguments += ["-p", "tracking:=false"]  # each frame shows somebody else
    with started("node", *arguments, namespace="deep"), probing("deep") as probe:
        probe.depth = probe.node.create_publisher(Image, "depth", RELIABLE)
        probe.await_lifter()
        probe.until(probe.depth.get_subscription_count, "the lifter's subscription for depth")
        yield probe


@pytest.fixture(scope="module")
def clock() -> Iterator:
    return stamps()


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_people_stand_where_the_depth_image_says(probe, clock, encoding):
    message = detections(next(clock), (17, 17), (0, 0))
    probe.depth.publish(wall(message.header.stamp, 4.0, encoding))
    probe.lift(message)
    points = decode_points(probe.cloud_of(message))
    assert points.scale_source.tolist() == [DEPTH, DEPTH]
    middle = np.median(points.xyz[..., 2], axis=-1)
    np.testing.assert_allclose(middle, 4.0 + BEHIND, rtol=0.1)
    assert probe.values()["scale_source"] == "depth"


def test_what_is_wrong_with_depth_is_counted_and_the_known_size_serves(probe, clock):
    noted = int(probe.values().get("noted_depth", 0))
    broken = wall(next(clock), 4.0)
    broken.encoding = "rgb8"
    probe.depth.publish(broken)
    message = detections(next(clock))
    probe.depth.publish(wall(message.header.stamp, 0.0))  # one single hole
    probe.lift(message)
    assert decode_points(probe.cloud_of(message)).scale_source.tolist() == [KNOWN]
    assert int(probe.values()["noted_depth"]) == noted + 1
    later = next(stamps(start=500.0))
    probe.lift(detections(later))
    assert int(probe.values()["noted_without_depth"]) >= 1
