"""``docs/parameters.md``: the parameters of the three nodes, from their specs."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import yaml

from lfm_ros.ros.parameter_spec import rules
from lfm_ros.ros.parameters import LifterParameters, PlayerParameters
from lfm_ros.ros.viewer_node import ViewerParameters
from tools.docs.markdown import code, head, table

NODES = {"lifter": LifterParameters, "player": PlayerParameters, "viewer": ViewerParameters}
TYPES = {bool: "bool", int: "integer", float: "double", str: "string"}


def page() -> str:
    about = (
        "What is taken over *at once* can be changed with `ros2 param set` while the node works;\n"
        "*on configure*: deactivate and clean it up first; *at start*: start it anew. A value\n"
        "that does not fit is refused with the reason. The lifter's defaults as a file:\n"
        "[config/lifter.yaml](../config/lifter.yaml). The reliability and depth of every endpoint\n"
        "can be changed with `qos_overrides` parameters.\n\n"
        "A double needs a decimal point: `10.0`, not `10`, in files and on the command line, and\n"
        "on Humble in `ros2 param set` too."
    )
    parts = [head("Parameters", "the specs in `lfm_ros/ros`", about)]
    for node, spec in NODES.items():
        parts.append(f"## {node}\n\n{_table(spec)}")
    return "\n".join(parts)


def _table(spec: type) -> str:
    rows = []
    defaults = {field.name: field.default for field in fields(spec)}
    for name, rule in rules(spec).items():
        limits = rule.constraint() or rule.range_text()
        told = f"{rule.description} [{limits}]" if limits else rule.description
        default = defaults[name]
        rows.append((code(name), _type(default), code(_yaml(default)), rule.when, told))
    return table(("name", "type", "default", "taken over", ""), rows)


def _type(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{TYPES[type(value[0])]}[]"
    return TYPES[type(value)]


def _yaml(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=200).replace("\n...", "").strip()
