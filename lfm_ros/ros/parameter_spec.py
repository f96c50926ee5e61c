"""Parameters from one description: a frozen dataclass whose fields say everything about them.

From it come the defaults, the rules with their reasons and the YAML file with its comments; on a
node ``node_parameters`` declares them. Needs no ROS: recordings are lifted with the same defaults.
"""

from __future__ import annotations

import textwrap
from dataclasses import Field, dataclass, field, fields
from typing import Any

import yaml

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
        values = value if is_list(value) else [value]
        if self.length is not None and len(values) != self.length:
            return f"has {len(values)} values; give {self.length}"
        if self.filled and not (values and all(values)):
            return "must not be empty"
        if self.choices and value not in self.choices:
            return f"is {value!r}; choose one of {', '.join(self.choices)}"
        if self.low is not None and not all(
            self.low <= v <= (v if self.high is None else self.high) for v in values
        ):
            return f"is {ros_value(value)}; give {self.range_text()}"
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
    return {f.name: f.metadata["rule"] for f in described(spec)}


def parameters_yaml(spec: type, node_pattern: str = "/**", **values: Any) -> str:
    """The spec as a ROS parameter file with comments.

    Args:
        spec: A dataclass made of ``parameter`` fields.
        node_pattern: Which nodes the values are for; ``/**`` is all, ``/**/player`` any player.
        **values: Values other than the default. If there are any, only these are written.
    """
    lines = [f"{node_pattern}:", "  ros__parameters:"]
    for item in described(spec):
        if values and item.name not in values:
            continue
        value = ros_value(values.get(item.name, item.default))
        lines += [f"    # {line}" for line in textwrap.wrap(_comment(item), 92)]
        lines += [f"    {item.name}: {_yaml_value(value)}"]
    return "\n".join(lines) + "\n"


def described(spec: type) -> tuple[Field[Any], ...]:
    """The fields of a spec that are parameters."""
    return tuple(f for f in fields(spec) if "rule" in f.metadata)


def _comment(item: Field[Any]) -> str:
    rule: Rule = item.metadata["rule"]
    limits = rule.constraint() or rule.range_text()
    return f"{rule.description} [{limits}]" if limits else rule.description


def is_list(value: Any) -> bool:
    """Whether a value is one of several numbers or texts."""
    return not isinstance(value, (str, bytes)) and hasattr(value, "__len__")


def ros_value(value: Any) -> Any:
    """A value as ROS and YAML have it."""
    return list(value) if is_list(value) else value


def _yaml_value(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=200).replace("\n...", "").strip()
