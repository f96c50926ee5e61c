"""Parameters from one description: a frozen dataclass whose fields say everything about them.

From it come the declaration in ROS (type, description, range), the validation with a reason, the
YAML file with its comments, and the typed values that the node reads.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

import yaml
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from lfm_ros.ros.parameter_types import declare_typed, take_whole_numbers
from lfm_ros.ros.unknown_overrides import unknown_overrides

Spec = TypeVar("Spec")

#: When a new value is taken over: at once, by the next configure, or only by a new start.
LIVE, CONFIGURE, START = "at once", "on configure", "at start"


@dataclass(frozen=True)
class Rule:
    """What a parameter may be."""

    description: str
    when: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    filled: bool = False

    def objection(self, value: Any) -> str | None:
        """Why a value of the right type cannot be accepted, or None."""
        values = value if _is_list(value) else [value]
        if self.length is not None and len(values) != self.length:
            return f"has {len(values)} values; give {self.length}"
        if self.filled and not (values and all(values)):
            return "must not be empty"
        if self.choices and value not in self.choices:
            return f"is {value!r}; choose one of {', '.join(self.choices)}"
        if self.low is not None and not all(
            self.low <= v <= (v if self.high is None else self.high) for v in values
        ):
            return f"is {_ros_value(value)}; give {self.range_text()}"
        return None

    def range_text(self) -> str:
        """The range in words, or an empty string."""
        if self.low is None:
            return ""
        high = f"to {self.high:g}" if self.high is not None else "or more"
        return f"{self.low:g} {high}"

    def constraint(self) -> str:
        """Everything that limits the value and is not a number range, in words."""
        parts = [f"one of {', '.join(self.choices)}"] if self.choices else []
        parts += [f"{self.length} values"] if self.length is not None else []
        parts += ["not empty"] if self.filled else []
        parts += [self.range_text()] if self.length is not None and self.low is not None else []
        return "; ".join(parts)


def parameter(default: Any, description: str, *, when: str = CONFIGURE, **limits: Any) -> Any:
    """A dataclass field that is a ROS parameter.

    Args:
        default: Its value without a file; the type is the parameter's.
        description: One or two sentences, with the unit.
        when: ``LIVE``, ``CONFIGURE`` or ``START``.
        **limits: ``low``, ``high``, ``choices``, ``length``, ``filled`` of ``Rule``.
    """
    return field(default=default, metadata={"rule": Rule(description, when, **limits)})


def rules(spec: type) -> dict[str, Rule]:
    """Rule by parameter name, in the order of the spec."""
    return {f.name: f.metadata["rule"] for f in _fields(spec)}


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
    for item in _fields(spec):
        declare_typed(node, item.name, _ros_value(item.default), _descriptor(item))
    take_whole_numbers(node, {i.name for i in _fields(spec) if isinstance(i.default, float)})
    for problem in unknown_overrides(node, known):
        node.get_logger().warning(problem)


def read(node: Node, spec: type[Spec]) -> Spec:
    """The node's present values, as an instance of the spec."""
    values = {f.name: node.get_parameter(f.name).value for f in _fields(spec)}
    return spec(**{n: tuple(v) if _is_list(v) else v for n, v in values.items()})


def parameters_yaml(spec: type, node_pattern: str = "/**", **values: Any) -> str:
    """The spec as a ROS parameter file with comments.

    Args:
        spec: A dataclass made of ``parameter`` fields.
        node_pattern: Which nodes the values are for; ``/**`` is all, ``/**/player`` any player.
        **values: Values other than the default. If there are any, only these are written.
    """
    lines = [f"{node_pattern}:", "  ros__parameters:"]
    for item in _fields(spec):
        if values and item.name not in values:
            continue
        value = _ros_value(values.get(item.name, item.default))
        lines += [f"    # {line}" for line in textwrap.wrap(_comment(item), 92)]
        lines += [f"    {item.name}: {_yaml_value(value)}"]
    return "\n".join(lines) + "\n"


def _fields(spec: type) -> tuple[Field[Any], ...]:
    return tuple(f for f in fields(spec) if "rule" in f.metadata)


def _comment(item: Field[Any]) -> str:
    rule: Rule = item.metadata["rule"]
    limits = rule.constraint() or rule.range_text()
    return f"{rule.description} [{limits}]" if limits else rule.description


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


def _is_list(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and hasattr(value, "__len__")


def _ros_value(value: Any) -> Any:
    return list(value) if _is_list(value) else value


def _yaml_value(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=200).replace("\n...", "").strip()
