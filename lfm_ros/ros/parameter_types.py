"""Values whose type is not that of their parameter: most often doubles without a decimal point."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.node import Node
from rclpy.parameter import Parameter

from lfm_ros.core.errors import MessageError


def declare_typed(node: Node, name: str, default: Any, descriptor: ParameterDescriptor) -> None:
    """Declare a parameter.

    Raises:
        MessageError: A file or the command line gives it a value of another type.
    """
    try:
        node.declare_parameter(name, default, descriptor)
    except InvalidParameterTypeException as error:
        # Nothing public tells the value; every rclpy from Humble on has it.
        given = getattr(node, "_parameter_overrides", {}).get(name)
        value = None if given is None else given.value
        meant = float(value) if isinstance(default, float) and type(value) is int else default
        raise MessageError(
            f"the parameter {name} is {value!r}, which has another type than it must have; write "
            f"a value such as {meant!r}"
        ) from error


def take_whole_numbers(node: Node, doubles: Collection[str]) -> None:
    """Let ``ros2 param set`` give numbers without a decimal point, which are no doubles to rclpy.

    Args:
        node: Which has no such callback on Humble, and refuses them there.
        doubles: Names of the parameters that are doubles.
    """

    def widened(changes: list[Parameter]) -> list[Parameter]:
        return [
            Parameter(change.name, value=float(change.value))
            if change.name in doubles and type(change.value) is int
            else change
            for change in changes
        ]

    if hasattr(node, "add_pre_set_parameters_callback"):
        node.add_pre_set_parameters_callback(widened)
