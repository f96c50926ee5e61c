"""The launch files, read and not run: launch is in no package index, only in an installed ROS 2."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from test_readme import DOCUMENTS, programs

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "launch").glob("*.launch.py"))
SPECIFIED_IN = {
    "lifter": ("parameters.py", "LifterParameters"),
    "player": ("parameters.py", "PlayerParameters"),
    "viewer": ("viewer_node.py", "ViewerParameters"),
}
EVERY_NODE_HAS = {"use_sim_time"}


def calls(path: Path, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def declared(path: Path) -> dict[str, ast.Call]:
    found = {text(call.args[0]): call for call in calls(path, "DeclareLaunchArgument")}
    assert None not in found, f"{path.name}: a computed argument name cannot be checked"
    return {str(name): call for name, call in found.items()}


def our_nodes(path: Path) -> list[ast.Call]:
    nodes = calls(path, "Node", "LifecycleNode")
    return [node for node in nodes if text(keyword(node, "package")) == "lfm_ros"]


def test_both_launch_files_are_there() -> None:
    assert {path.name for path in FILES} >= {"lifter.launch.py", "demo.launch.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_program_is_one_of_setup_py(path: Path) -> None:
    started = {text(keyword(node, "executable")) for node in our_nodes(path)}
    assert started
    assert started <= programs()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_arguments_are_used_described_and_documented(path: Path) -> None:
    documents = "".join(d.read_text() for d in DOCUMENTS if d.exists())
    source = path.read_text()
    for name, call in declared(path).items():
        assert text(keyword(call, "description")), f"{name} has no description"
        assert source.count(f'"{name}"') > 1, f"{name} is declared and not used"
        shown = f"`{name}`" in documents or f"{name}:=" in documents
        assert shown, f"{path.name}: {name} is in neither README.md nor docs/"
    used = {text(call.args[0]) for call in calls(path, "LaunchConfiguration")} - {None}
    assert used <= set(declared(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_parameters_exist(path: Path) -> None:
    for node in our_nodes(path):
        program = text(keyword(node, "executable"))
        listed = keyword(node, "parameters")
        keys = {text(k) for d in ast.walk(listed) if isinstance(d, ast.Dict) for k in d.keys}
        assert keys - EVERY_NODE_HAS <= parameters_of(str(program)), program


def parameters_of(program: str) -> set[str]:
    """Fields of the dataclass that a node declares its parameters from."""
    file, name = SPECIFIED_IN[program]
    tree = ast.parse((ROOT / "lfm_ros" / "ros" / file).read_text())
    (spec,) = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name)
    fields = {n.target.id for n in spec.body if isinstance(n, ast.AnnAssign)}
    assert fields
    return fields


def test_the_demos_yaml_sets_parameters_that_exist() -> None:
    nodes = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    for key, node in nodes.items():
        assert set(node["ros__parameters"]) <= parameters_of(key.removeprefix("/**/")), key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    for call in calls(path, "PathJoinSubstitution"):
        assert isinstance(call.args[0], ast.List)
        parts = [part for part in map(text, call.args[0].elts) if part]
        assert ROOT.joinpath(*parts).is_file(), "/".join(parts)
