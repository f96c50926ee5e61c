"""Parameter files, launch files and the RViz configuration against what the code says.

Launch itself is not run here: it is not on PyPI.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from lfm_ros.resources import config_dir
from lfm_ros.ros.parameter_spec import rules
from lfm_ros.ros.parameters import LifterParameters, PlayerParameters, lifter_yaml
from lfm_ros.scene import Scene

SPECS = {"lifter": LifterParameters, "player": PlayerParameters}


def parameters(path: Path) -> dict[str, dict[str, Any]]:
    content = yaml.safe_load(path.read_text())
    return {pattern: node["ros__parameters"] for pattern, node in content.items()}


def test_the_default_file_is_what_the_spec_writes():
    text = (config_dir() / "lifter.yaml").read_text()
    assert text == lifter_yaml(), "run: python -m lfm_ros.ros.parameters > config/lifter.yaml"
    (values,) = parameters(config_dir() / "lifter.yaml").values()
    assert LifterParameters(**{n: as_spec(v) for n, v in values.items()}) == LifterParameters()


def as_spec(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def test_defaults_obey_their_own_rules():
    for spec in SPECS.values():
        for name, rule in rules(spec).items():
            assert rule.objection(getattr(spec(), name)) is None, name


def test_the_demo_sets_parameters_that_exist_to_values_that_are_allowed():
    for pattern, values in parameters(config_dir() / "demo.yaml").items():
        spec = SPECS.get(pattern.rsplit("/", 1)[-1])
        for name, value in values.items() if spec else ():
            assert name in rules(spec), f"{pattern} has no parameter {name}"
            assert type(as_spec(value)) is type(getattr(spec(), name)), name
            assert rules(spec)[name].objection(value) is None, name


def test_the_demo_lifts_the_rigs_of_the_scene_in_their_order():
    lifter = parameters(config_dir() / "demo.yaml")["/**/lifter"]
    assert lifter["skeletons"] == [skeleton.name for skeleton in Scene().skeletons]
