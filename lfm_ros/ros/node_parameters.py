"""The parameters of a spec on a node: declared with type and range, watched over, and read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from lfm_ros.ros.parameter_spec import CONFIGURE, START, Rule, described, is_list, ros_value, rules
from lfm_ros.ros.parameter_types import declare_typed, take_whole_numbers
from lfm_ros.ros.unknown_overrides import unknown_overrides

Spec = TypeVar("Spec")


def declare(node: Node, spec: type, is_configured: Callable[[], bool] = lambda: False) -> None:
    """Declare every parameter of the spec on a node, and watch over later changes.

    Values that were given to parameters which are not declared now are said in the log.

    Args:
        node: Where to declare; its parameter overrides are checked like any other value.
        spec: A dataclass made of ``parameter`` fields.
        is_configured: While it is true, parameters read ``CONFIGURE`` cannot change.

    Raises:
        MessageError: A file or the command line gives a parameter a value of another type.
    """
    known = rules(spec)

    def validate(changes: Sequence[Parameter], locked: bool) -> SetParametersResult:
        for change in changes:
            rule = known.get(change.name)
            reason = rule and rule.objection(change.value)
            if rule and not reason and locked and rule.when == CONFIGURE:
                reason = "is read on configure; deactivate and clean up the node first"
            if reason:
                return SetParametersResult(successful=False, reason=f"{change.name} {reason}")
        return SetParametersResult(successful=True)

    # Registered first, so that values from a file or the command line are checked too.
    node.add_on_set_parameters_callback(lambda changes: validate(changes, is_configured()))
    for item in described(spec):
        declare_typed(node, item.name, ros_value(item.default), _descriptor(item))
    take_whole_numbers(node, {i.name for i in described(spec) if isinstance(i.default, float)})
    for problem in unknown_overrides(node, known):
        node.get_logger().warning(problem)


def read(node: Node, spec: type[Spec]) -> Spec:
    """The node's present values, as an instance of the spec."""
    values = {f.name: node.get_parameter(f.name).value for f in described(spec)}
    return spec(**{n: tuple(v) if is_list(v) else v for n, v in values.items()})


def _descriptor(item: Field[Any]) -> ParameterDescriptor:
    rule: Rule = item.metadata["rule"]
    made = ParameterDescriptor(
        name=item.name,
        description=f"{rule.description} (Taken over {rule.when}.)",
        additional_constraints=rule.constraint(),
        read_only=rule.when == START,
    )
    if rule.low is not None and rule.length is None:
        _add_range(made, rule, type(item.default))
    return made


def _add_range(made: ParameterDescriptor, rule: Rule, kind: type) -> None:
    assert rule.low is not None
    if kind is int:
        high = int(rule.high) if rule.high is not None else 2**31 - 1
        made.integer_range = [IntegerRange(from_value=int(rule.low), to_value=high, step=1)]
    else:
        high = float(rule.high) if rule.high is not None else 1e308
        made.floating_point_range = [FloatingPointRange(from_value=float(rule.low), to_value=high)]
