"""A detector that sends nothing, or is not there, is told of."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import rclpy
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_graph import NAMESPACE, Probe, detections, probing, stamps, started
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import SetBool, Trigger

from lfm_ros.ros.silence import Silence
from lfm_ros.ros.statistics import Statistics

TICK = "diagnostics_period:=0.1"
CLOUD = "sensor_msgs/msg/PointCloud2"


def message_of(probe: Probe, level: str) -> str:
    """What /diagnostics says as soon as it is of that level."""
    return probe.until(lambda: (v := probe.values())["level"] == level and v, level)["message"]


def message_while_sending(probe: Probe, clock: Iterator) -> str:
    """What /diagnostics says as soon as all is well, with detections that come in all the time."""

    def fine() -> dict[str, str] | None:
        probe.send(detections(next(clock)))
        return values if (values := probe.values())["level"] == "0" else None

    return probe.until(fine, "OK in /diagnostics")["message"]


def set_timeout(probe: Probe, seconds: float) -> None:
    parameters = [Parameter("input_timeout", value=seconds).to_parameter_msg()]
    request = SetParameters.Request(parameters=parameters)
    assert probe.call(SetParameters, "lifter/set_parameters", request).results[0].successful


def test_a_detector_that_falls_silent_is_told_of_until_it_speaks_again():
    clock = stamps()
    with (
        started("node", "-p", TICK, "-p", "model:=lfm_tiny", "-p", "input_timeout:=1.0") as process,
        probing() as probe,
    ):
        probe.await_lifter()
        assert message_while_sending(probe, clock) == "active"
        told = message_of(probe, "1")
        assert re.match(r"no detections for \d+ s on /test/keypoints \(published by ", told)
        assert "/test/probe" in told
        assert "the detector is there but sends nothing" in told
        said = process.output.count("no detections for")
        assert probe.call(Trigger, "lifter/reset", Trigger.Request()).success
        assert probe.values()["level"] == "1", "forgetting the counts is no detection"
        assert process.output.count("no detections for") == said
        assert message_while_sending(probe, clock) == "active"
        assert process.output.count("detections come again") == said
        message_of(probe, "1")
        set_timeout(probe, 0.0)
        assert message_of(probe, "0") == "active"
        set_timeout(probe, 0.1)
        assert probe.call(SetBool, "lifter/enable", SetBool.Request(data=False)).success
        assert message_of(probe, "0") == "active, disabled"
        assert probe.transition("deactivate")
        assert message_of(probe, "0") == "inactive, disabled"
        topics = next(line for line in process.output.splitlines() if "reads sensor_msgs" in line)
    assert f"reads {CLOUD} from /test/keypoints, and /test/camera_info; publishes " in topics
    assert {"/diagnostics,", "/test/keypoints_3d,", "/test/markers,"} < set(topics.split())


@pytest.fixture
def node() -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context)
    made = rclpy.create_node("lifter", namespace=f"{NAMESPACE}_silence", context=context)
    yield made
    made.destroy_node()
    rclpy.shutdown(context=context)


def test_a_topic_that_nobody_publishes_and_one_that_may_be_meant(node):
    node.create_publisher(PointCloud2, "keypoints_3d", 1)
    silence = Silence(node, CLOUD, Statistics())
    problem = silence.problem(["/test_silence/keypoints"], 1e-9)
    assert "/test_silence/keypoints (nobody publishes it); start the detector, or remap" in problem
    assert "is published on" not in problem, "its own results are no detections"
    other = rclpy.create_node("detector", namespace="other", context=node.context)
    try:
        publishers = [other.create_publisher(PointCloud2, name, 1) for name in ("x", "keypoints")]
        deadline = time.monotonic() + 10
        while not all(node.count_publishers(each.topic_name) for each in publishers):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        problem = silence.problem(["/test_silence/keypoints"], 1e-9)
        assert f"({CLOUD} is published on /other/keypoints, /other/x)" in problem
    finally:
        other.destroy_node()


def test_nobody_is_missed_where_every_body_has_a_topic_of_its_own(node):
    """Without a body there is no topic; the time counts from when there is one."""
    silence = Silence(node, CLOUD, Statistics())
    assert silence.problem([], 1e-9) == ""
    time.sleep(0.3)
    assert silence.problem([], 0.2) == ""
    assert silence.problem(["/bodies/a/keypoints"], 0.2) == ""
    time.sleep(0.3)
    assert "/bodies/a/keypoints" in silence.problem(["/bodies/a/keypoints"], 0.2)
