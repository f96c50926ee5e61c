"""Numbers without a decimal point, where a parameter is a double."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from lfm_ros.core.errors import MessageError
from lfm_ros.ros import node_parameters
from lfm_ros.ros.parameters import LifterParameters


@pytest.fixture
def context() -> Iterator[rclpy.Context]:
    made = rclpy.Context()
    rclpy.init(context=made)
    yield made
    rclpy.shutdown(context=made)


def declared(context: rclpy.Context, **overrides: object) -> Node:
    given = [Parameter(name, value=value) for name, value in overrides.items()]
    node = Node("lifter", context=context, parameter_overrides=given)
    node_parameters.declare(node, LifterParameters)
    return node


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("tf_rate", 10, "the parameter tf_rate is 10, .* such as 10.0$"),
        ("tf_rate", "fast", "the parameter tf_rate is 'fast', .* such as 0.0$"),
        ("max_tracks", 10.0, "the parameter max_tracks is 10.0, .* such as 16$"),
    ],
)
def test_a_value_of_another_type_at_the_start_is_told_as_it_should_be(context, name, value, says):
    with pytest.raises(MessageError, match=says):
        declared(context, **{name: value})


@pytest.mark.skipif(
    not hasattr(Node, "add_pre_set_parameters_callback"), reason="Humble has no such callback"
)
def test_a_whole_number_is_taken_for_a_double_while_the_node_runs(context):
    node = declared(context)
    whole = [Parameter("tf_rate", value=10), Parameter("max_tracks", value=9)]
    assert all(result.successful for result in node.set_parameters(whole))
    read = node_parameters.read(node, LifterParameters)
    assert (read.tf_rate, type(read.tf_rate), read.max_tracks) == (10.0, float, 9)
    beyond = node.set_parameters([Parameter("marker_alpha", value=2)])[0]
    assert not beyond.successful
