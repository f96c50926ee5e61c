"""Parameter files, launch files and the RViz configuration against what the code says.

Launch itself is not run here: it is not on PyPI.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from lfm_ros.resources import config_dir
from lfm_ros.ros.parameter_spec import rules
from lfm_ros.ros.parameters import LifterParameters, PlayerParameters, lifter_yaml
from lfm_ros.scene import Scene

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILES = sorted((ROOT / "launch").glob("*.launch.py"))
SPECS = {"lifter": LifterParameters, "player": PlayerParameters}
OF_LAUNCH = {"use_sim_time"}


def parameters(path: Path) -> dict[str, dict[str, Any]]:
    content = yaml.safe_load(path.read_text())
    return {pattern: node["ros__parameters"] for pattern, node in content.items()}


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if isinstance(call.func, ast.Name) and call.func.id == name]


def constant_keywords(call: ast.Call) -> dict[str, Any]:
    return {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}


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


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_start_what_setup_installs_with_parameters_that_exist(path: Path):
    tree, setup = ast.parse(path.read_text()), (ROOT / "setup.py").read_text()
    for call in [*calls(tree, "Node"), *calls(tree, "LifecycleNode")]:
        given = constant_keywords(call)
        if given["package"] == "lfm_ros":
            assert f"{given['executable']} = " in setup
            assert given["name"] == given["executable"]
            check_parameters(call, SPECS.get(given["executable"]))


def check_parameters(node: ast.Call, spec: type | None) -> None:
    """Every parameter that a launch file sets by name is in the spec of its node."""
    if spec is None:
        return
    given = next(keyword.value for keyword in node.keywords if keyword.arg == "parameters")
    for group in [child for child in ast.walk(given) if isinstance(child, ast.Dict)]:
        names = {key.value for key in group.keys if isinstance(key, ast.Constant)}
        assert names <= {*rules(spec), *OF_LAUNCH}


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_arguments_are_described_and_used(path: Path):
    tree = ast.parse(path.read_text())
    declared = {call.args[0].value: call for call in calls(tree, "DeclareLaunchArgument")}
    for name, call in declared.items():
        given = {keyword.arg for keyword in call.keywords}
        assert {"default_value", "description"} <= given, name
    # A loop over names, as in the demo's include, spells them as plain strings.
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    configured = [call.args[0] for call in calls(tree, "LaunchConfiguration")]
    used = {node.value for node in configured if isinstance(node, ast.Constant)}
    assert used <= set(declared)
    assert set(declared) <= strings
    text = path.read_text()
    for name in declared:
        assert text.count(f'"{name}"') >= 2, f"{name} is declared and never used"


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_files_that_launch_refers_to_are_there(path: Path):
    for call in calls(ast.parse(path.read_text()), "PathJoinSubstitution"):
        parts = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant)]
        assert ROOT.joinpath(*parts).is_file(), parts


def test_rviz_shows_topics_that_the_lifter_publishes():
    content = yaml.safe_load((config_dir() / "rviz" / "lfm.rviz").read_text())
    displays = content["Visualization Manager"]["Displays"]
    topics = {d["Class"].rsplit("/")[-1]: d["Topic"]["Value"] for d in displays if "Topic" in d}
    assert topics == {"MarkerArray": "markers", "PointCloud2": "keypoints_3d"}
    outputs = (ROOT / "lfm_ros" / "ros" / "outputs.py").read_text()
    for topic in topics.values():
        assert f'"{topic}"' in outputs
    fixed = content["Visualization Manager"]["Global Options"]["Fixed Frame"]
    assert fixed == PlayerParameters().frame_id
