"""What happens around a running lifter: it lives on and lifts the next good frame right.

One lifter goes through all of it; only the last tests need another process.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from ros_bench import NAMESPACE, Bench, lifter_process, suffering
from ros_graph import CAMERA, foreign_publisher
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.camera import Intrinsics


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with suffering() as made:
        yield made


@contextmanager
def traffic(bench: Bench, count: int = 20) -> Iterator[None]:
    """Frames of four people that go on coming meanwhile."""
    frames = [bench.frame([17] * 4, [0] * 4) for _ in range(count)]

    def send() -> None:
        for message in frames:
            bench.probe.send(message)
            pause.wait(0.003)

    pause = threading.Event()
    thread = threading.Thread(target=send)
    thread.start()
    yield
    pause.set()
    thread.join()


def move(bench: Bench, *labels: str) -> None:
    for label in labels:
        assert bench.probe.transition(label), bench.lifter.output


def off_and_on(bench: Bench) -> None:
    for wanted in (False, True, False, True):
        answer = bench.probe.call(SetBool, "lifter/enable", SetBool.Request(data=wanted))
        assert answer.success


def reset(bench: Bench) -> None:
    for _ in range(3):
        assert bench.probe.call(Trigger, "lifter/reset", Trigger.Request()).success


def deactivate_and_activate(bench: Bench) -> None:
    move(bench, "deactivate", "activate")


def configure_anew(bench: Bench) -> None:
    move(bench, "deactivate", "cleanup", "configure", "activate")


def refused_transitions(bench: Bench) -> None:
    for label in ("activate", "configure", "cleanup", "no such thing"):
        assert not bench.probe.transition(label)
    assert bench.probe.state() == "active"


def many_subscribers(bench: Bench) -> None:
    for _ in range(5):
        topics = [(MarkerArray, "markers"), (PointCloud2, "keypoints_3d")]
        made = [bench.probe.node.create_subscription(*topic, print, 1) for topic in topics]
        for subscription in made:
            bench.probe.node.destroy_subscription(subscription)


def another_publisher(bench: Bench) -> None:
    with foreign_publisher(PointCloud2, "keypoints", NAMESPACE) as publisher:
        bench.probe.until(publisher.get_subscription_count, "the lifter's subscription")
        for _ in range(5):
            message = bench.good_frame()
            publisher.publish(message)
            assert bench.probe.markers_of(message).markers[0].action == Marker.ADD
            bench.check()


def a_foreign_type(bench: Bench) -> None:
    with foreign_publisher(String, "keypoints", NAMESPACE) as publisher:
        publisher.publish(String(data="hello"))
        warned = lambda: "std_msgs/msg/String" in bench.probe.values()["message"]  # noqa: E731
        bench.probe.until(warned, "a diagnosis")


def stopped_for_a_moment(bench: Bench) -> None:
    os.kill(bench.lifter.pid, signal.SIGSTOP)
    for _ in range(8):
        bench.probe.send(bench.frame())
    os.kill(bench.lifter.pid, signal.SIGCONT)


def bytes_that_are_no_camera(bench: Bench) -> None:
    with foreign_publisher(CameraInfo, "camera_info", NAMESPACE) as publisher:
        bench.probe.until(publisher.get_subscription_count, "the lifter's subscription")
        for content in (b"", b"\x00\x01\x00\x00", b"\xff" * 300, bytes(7)):
            publisher.publish(content)


def bytes_that_are_no_depth(bench: Bench) -> None:
    for content in (b"", b"\x00\x01\x00\x00", b"\xff" * 300, bytes(7)):
        bench.depth.publish(content)


def live_parameters(bench: Bench) -> None:
    for _ in range(5):
        for name, values in (("tracking", (False, True)), ("min_confidence", (1.0, 0.1))):
            for value in values:
                assert bench.set_parameter(name, value) == (True, "")


EVENTS: dict[str, Callable[[Bench], None]] = {
    "/enable off and on": off_and_on,
    "/reset": reset,
    "deactivate and activate": deactivate_and_activate,
    "cleanup and configure": configure_anew,
    "transitions that are not possible": refused_transitions,
    "subscribers that come and go": many_subscribers,
    "parameters that change": live_parameters,
    "a second detector that comes and goes": another_publisher,
    "a publisher of another type": a_foreign_type,
    "bytes that are no camera": bytes_that_are_no_camera,
    "bytes that are no depth": bytes_that_are_no_depth,
    "a process that is stopped for a moment": stopped_for_a_moment,
}
# These subscribe anew, which the publishers have to learn of first.
SUBSCRIBE_ANEW = ("deactivate and activate", "cleanup and configure")


@pytest.mark.parametrize("event", EVENTS)
def test_events_in_the_middle_of_frames(bench, event):
    with traffic(bench):
        EVENTS[event](bench)
    if event in SUBSCRIBE_ANEW:
        bench.probe.await_lifter()
    bench.check()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("min_confidence", float("nan"), "out of range"),
        ("smoothing_strength", -1.0, "out of range"),
        ("assumed_fov_deg", 1e300, "out of range"),
        ("smoothing", "sideways", "choose one of"),
        ("queue_depth", 2**40, "out of range"),
        ("marker_point_size", "large", "Wrong parameter type"),
        ("no_such_parameter", 1, "declare"),
        ("rectified", True, "read on configure"),
    ],
)
def test_parameters_are_refused_with_a_reason(bench, name, value, reason):
    accepted, why = bench.set_parameter(name, value)
    assert not accepted
    assert reason in why
    bench.check()


@pytest.mark.parametrize(
    ("name", "wrong", "right", "reason"),
    [
        ("model", "/nowhere", "", "/nowhere"),
        ("backend", "abacus", "auto", "abacus"),
        ("skeletons", ["centaur"], ["coco17"], "centaur"),
        ("skeletons", ["/nowhere.yaml"], ["coco17"], "/nowhere.yaml"),
        ("input_type", "std_msgs/msg/String", "sensor_msgs/msg/PointCloud2", "std_msgs/msg/String"),
        ("known_sizes", ["coco17: -1"], [""], "coco17"),
        ("input_topics", ["a topic/with spaces"], [""], "spaces"),
    ],
)
def test_what_cannot_be_configured_is_said_and_can_be_mended(bench, name, wrong, right, reason):
    move(bench, "deactivate", "cleanup")
    assert bench.set_parameter(name, wrong) == (True, "")
    came = bench.probe.transition("configure") and bench.probe.transition("activate")
    assert not came
    values = bench.probe.values()
    assert (values["level"], reason in values["last_error"]) == ("2", True), values
    if bench.probe.state() == "inactive":
        move(bench, "cleanup")
    assert bench.set_parameter(name, right) == (True, "")
    move(bench, "configure", "activate")
    bench.probe.await_lifter()
    bench.check()


def test_the_rectified_image_and_back(bench):
    """A lens matters on the raw image alone."""
    bent = Intrinsics(CAMERA.matrix, CAMERA.size, (0.3, 0.1))
    for rectified, camera in ((True, bent), (False, CAMERA)):
        move(bench, "deactivate", "cleanup")
        assert bench.set_parameter("rectified", rectified) == (True, "")
        move(bench, "configure", "activate")
        bench.probe.await_lifter()
        bench.check(camera)


def test_nothing_took_the_lifter_by_surprise(bench):
    assert bench.dropped("internal") == 0
    assert "Traceback" not in bench.lifter.output


def test_a_lifter_that_is_killed_is_started_anew_beside_a_detector_that_runs(bench):
    bench.lifter.kill()
    with lifter_process() as lifter:
        again = replace(bench, lifter=lifter)
        again.probe.await_lifter()
        again.check()
        with traffic(again):
            status, seconds = lifter.interrupt()
        assert status == 0, lifter.output
        assert seconds < 2
        assert "Traceback" not in lifter.output
