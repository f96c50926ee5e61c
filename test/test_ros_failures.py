"""Parts of the node that fail: what is counted, and that nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import rclpy
from builtin_interfaces.msg import Time
from rclpy.lifecycle import TransitionCallbackReturn as Result
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from ros_graph import PATIENCE, detections

from lfm_ros.core.errors import EngineError, FrameError, InputError
from lfm_ros.engines.build import BuildError
from lfm_ros.engines.cuda.device import CudaError, out_of_memory
from lfm_ros.engines.loaded_plan import PlanError
from lfm_ros.ros.node import LifterNode
from lfm_ros.ros.topic_names import pattern

PUBLISHED = ("/markers", "/keypoints_3d", "/skeletons")


@pytest.fixture
def node() -> Iterator[LifterNode]:
    """A configured lifter in this process, so that its parts can be made to fail."""
    context = rclpy.Context()
    rclpy.init(context=context)
    parameters = {"autostart": False, "model": "lfm_tiny"}
    made = LifterNode(
        context=context,
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
    )
    assert made.trigger_configure() == Result.SUCCESS
    yield made
    made.close()
    made.destroy_node()
    rclpy.shutdown(context=context)


def failing(error: Exception) -> Any:
    def fail(*_: object) -> None:
        raise error

    return fail


def state(node: LifterNode) -> str:
    return node._state_machine.current_state[1]


def held(node: LifterNode) -> tuple[int, int, int]:
    """How many publishers, subscriptions and timers the node has."""
    return tuple(len(list(kind)) for kind in (node.publishers, node.subscriptions, node.timers))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (EngineError("it broke"), "engine"),
        (out_of_memory(1 << 20), "engine"),
        (CudaError("it broke"), "engine"),
        (BuildError("it broke"), "engine"),
        (PlanError("it broke"), "engine"),
        (FrameError("it broke"), "transform"),
        (InputError("it broke"), "input"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_a_frame_is_counted_by_what_failed(node, error, cause):
    assert node.trigger_activate() == Result.SUCCESS
    node._pipeline.lifter.engine.infer = failing(error)
    node._pipeline.take_keypoints(serialize_message(detections(Time(sec=1))))
    deadline = time.monotonic() + PATIENCE
    while (values := node._statistics.values())["dropped"] == "0":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert {name for name in values if name.startswith("dropped_")} == {f"dropped_{cause}"}


def test_a_cleanup_that_fails_leaves_nothing_and_the_lifter_can_be_configured_again(node):
    assert node.trigger_activate() == Result.SUCCESS
    assert node.trigger_deactivate() == Result.SUCCESS
    node._pipeline.lifter.engine.close = failing(EngineError("the network will not go"))
    assert node.trigger_cleanup() == Result.ERROR
    assert state(node) == "unconfigured"
    assert node._health() == ("ERROR", "cleanup failed: the network will not go")
    assert not {publisher.topic_name for publisher in node.publishers} & {*PUBLISHED}
    for _ in range(2):
        assert node.trigger_configure() == Result.SUCCESS
        assert node.trigger_activate() == Result.SUCCESS
        for topic in PUBLISHED:
            assert [p.topic_name for p in node.publishers].count(topic) == 1
        assert node._health()[0] != "ERROR"
        assert node.trigger_deactivate() == Result.SUCCESS
        assert node.trigger_cleanup() == Result.SUCCESS


@pytest.mark.parametrize("topic", PUBLISHED)
def test_a_configuration_without_a_publisher_leaves_nothing(node, monkeypatch, topic):
    configured = held(node)
    assert node.trigger_cleanup() == Result.SUCCESS
    unconfigured, create = held(node), Node.create_publisher

    def refuse(self, message, name, *others, **options):
        if name == topic[1:]:
            raise RuntimeError("no room")
        return create(self, message, name, *others, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Node, "create_publisher", refuse)
        for _ in range(2):
            assert node.trigger_configure() == Result.FAILURE
            assert node._health() == ("ERROR", "RuntimeError: no room")
            assert held(node) == unconfigured
    assert node.trigger_configure() == Result.SUCCESS
    assert held(node) == configured


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        ("bad topic/*/x", "'bad topic/*/x' is no topic ("),
        ("bad topic", "'bad topic' is no topic ("),
        ("bodies/*/*", "'bodies/*/*' has 2 times a *"),
    ],
)
def test_a_topic_that_is_none_is_said_and_leaves_nothing(node, topic, says):
    configured = held(node)
    assert node.trigger_cleanup() == Result.SUCCESS
    wanted = Parameter("input_topics", value=["good/*/x", topic])
    assert node.set_parameters([wanted])[0].successful
    for _ in range(2):
        assert node.trigger_configure() == Result.SUCCESS
        assert node.trigger_activate() == Result.FAILURE
        level, message = node._health()
        assert (level, message.startswith(f"activate failed: {says}")) == ("ERROR", True), message
        assert message.endswith("correct input_topics")
        assert held(node) == configured
        assert node.trigger_cleanup() == Result.SUCCESS


def test_patterns_are_relative_to_the_namespace_and_tell_the_id(node):
    found = pattern(node, "bodies/*/skeleton2d").fullmatch("/bodies/b1/skeleton2d")
    assert found is not None
    assert found[1] == "b1"
    assert pattern(node, "/b/*").fullmatch("/b/c/d") is None
    assert pattern(node, "~/*").fullmatch("/lifter/7") is not None
    assert pattern(node, "/people/p_*").fullmatch("/people/p_7")[1] == "7"


@pytest.mark.parametrize("part", ["inputs", "pipeline"])
def test_a_deactivation_that_fails_says_so_and_releases_everything(node, part):
    configured = held(node)
    assert node.trigger_activate() == Result.SUCCESS
    active = held(node)
    if part == "inputs":
        close = node._reception.close
        node._reception.close = lambda: (close(), failing(RuntimeError("it will not go"))())
    else:
        node._pipeline.outputs.clear = failing(RuntimeError("it will not go"))
    assert node.trigger_deactivate() == Result.ERROR
    assert state(node) == "unconfigured"
    assert node._health() == ("ERROR", "RuntimeError: it will not go")
    assert node.trigger_configure() == Result.SUCCESS
    assert held(node) == configured
    assert node.trigger_activate() == Result.SUCCESS
    assert held(node) == active
    assert node._pipeline.read(serialize_message(detections(Time(sec=1)))) is not None
