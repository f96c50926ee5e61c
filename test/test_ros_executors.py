"""The executors that a node can be spun by: what both must do, and which one it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import os

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_graph import NAMESPACE, PATIENCE, NodeProcess, detections, probing, stamps, started
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.errors import InputError
from lfm_ros.ros import executors
from lfm_ros.ros.executors import EventsSpinner, SingleThreadedSpinner, make_spinner
from lfm_ros.ros.message_info import TELLS_MORE, with_info
from lfm_ros.ros.node import LifterNode
from lfm_ros.ros.spinning import SpinningThread

TICK = "diagnostics_period:=0.1"
HAS_EVENTS = executors.EventsExecutor is not None
needs_events = pytest.mark.skipif(not HAS_EVENTS, reason="this rclpy has no EventsExecutor")
SPINNERS = [SingleThreadedSpinner, pytest.param(EventsSpinner, marks=needs_events)]


@pytest.fixture
def node() -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context)
    made = rclpy.create_node("spun", context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def processor_seconds(process: NodeProcess) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[-1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("make", SPINNERS)
def test_it_ends_when_it_is_told_to(node, make):
    ticked, over = threading.Event(), threading.Event()
    node.create_timer(0.01, ticked.set)
    thread = SpinningThread(make(node), over.set)
    assert ticked.wait(PATIENCE)
    assert not over.is_set()
    assert thread.end() is None
    assert over.is_set()


@pytest.mark.parametrize("make", SPINNERS)
def test_it_can_be_told_to_end_before_it_begins(node, make):
    spinner = make(node)
    spinner.stop()
    over = threading.Event()
    thread = threading.Thread(target=lambda: (spinner.spin(), over.set()), daemon=True)
    thread.start()
    assert over.wait(PATIENCE)
    spinner.close()


@pytest.mark.parametrize("make", SPINNERS)
def test_what_a_callback_raises_comes_out(node, make):
    def fail() -> None:
        raise ValueError("on purpose")

    node.create_timer(0.01, fail)
    over = threading.Event()
    thread = SpinningThread(make(node), over.set)
    assert over.wait(PATIENCE)
    failure = thread.end()
    assert isinstance(failure, ValueError)
    assert str(failure) == "on purpose"


@pytest.mark.parametrize("make", SPINNERS)
def test_a_callback_can_shut_the_context_down(node, make):
    node.create_timer(0.01, node.context.try_shutdown)
    over = threading.Event()
    thread = SpinningThread(make(node), over.set)
    assert over.wait(PATIENCE)
    assert thread.end() is None


@pytest.mark.skipif(not TELLS_MORE, reason="Humble tells callbacks nothing")
@pytest.mark.parametrize("make", SPINNERS)
def test_callbacks_get_a_message_and_its_info(node, make):
    got, came = [], threading.Event()

    def take(message: String, info: dict[str, int]) -> None:
        got.append((message.data, info["publication_sequence_number"]))
        came.set()

    node.create_subscription(String, "told", with_info(take), 10)
    publisher = node.create_publisher(String, "told", 10)
    node.create_timer(0.05, lambda: publisher.publish(String(data="hello")))
    thread = SpinningThread(make(node))
    assert came.wait(PATIENCE)
    assert thread.end() is None
    assert got[0] == ("hello", 1)


def test_the_plain_executor_is_the_default(node):
    spinner = make_spinner(node)
    assert isinstance(spinner, SingleThreadedSpinner)
    spinner.close()


def test_an_events_executor_that_there_is_not_is_refused(node, monkeypatch):
    monkeypatch.setattr(executors, "EventsExecutor", None)
    with pytest.raises(InputError, match="set executor to single_threaded"):
        make_spinner(node, "events")


def test_endpoints_of_the_lifter_that_come_and_go_have_no_events():
    """An event of an endpoint that is being destroyed crashes rclpy's EventsExecutor."""
    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "-p", "model:=lfm_tiny"])
    lifter = LifterNode(context=context)
    try:
        watched = {id(h) for p in lifter.publishers for h in p.event_handlers}
        watched |= {id(h) for s in lifter.subscriptions for h in s.event_handlers}
        of_ros = {
            id(h)
            for p in lifter.publishers
            for h in p.event_handlers
            if p.topic_name == "/parameter_events"
        }
        assert len(list(lifter.subscriptions)) == 2
        assert watched == of_ros
    finally:
        lifter.close()
        lifter.destroy_node()
        context.try_shutdown()


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        pytest.param("events", "EventsExecutor", marks=needs_events),
        ("single_threaded", "SingleThreadedExecutor"),
    ],
)
def test_the_lifter_lives_under_both(choice, name):
    with (
        started("node", "-p", TICK, "-p", "model:=lfm_tiny", "-p", f"executor:={choice}") as lifter,
        probing() as probe,
    ):
        probe.await_lifter()
        assert probe.values()["executor"] == name
        clock = stamps()
        for label in ("deactivate", "cleanup", "configure", "activate"):
            assert probe.transition(label)
        probe.await_lifter()
        assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD
        before = processor_seconds(lifter)
        time.sleep(0.6)
        assert processor_seconds(lifter) - before < 0.3, "it does not rest"
        status, seconds = lifter.interrupt()
        assert (status, seconds < 2) == (0, True), lifter.output
        assert "Traceback" not in lifter.output


def test_peers_of_another_qos_are_told_of():
    """They get nothing, or nothing of theirs arrives, and nobody else says so."""
    reliable = f"qos_overrides./{NAMESPACE}/keypoints.subscription.reliability:=reliable"
    with (
        started("node", "-p", TICK, "-p", "model:=lfm_tiny", "-p", reliable) as lifter,
        probing() as probe,
    ):
        probe.await_lifter()
        assert "arrives" not in probe.values()["message"]
        best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        publisher = probe.node.create_publisher(PointCloud2, "keypoints", best_effort)
        wanted = "on /test/keypoints arrives: the publisher is best effort"
        probe.until(lambda: wanted in probe.values()["message"], "a warning")
        probe.node.destroy_publisher(publisher)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        probe.node.create_subscription(MarkerArray, "markers", lambda _: None, latched)
        wanted = "nothing on /test/markers arrives at /test/probe"
        probe.until(lambda: wanted in probe.values()["message"], "another warning")
        assert lifter.output.count(wanted) == 1
