"""The launch files, read and not run; test_launch_run.py runs them where launch is installed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from test_readme import DOCUMENTS, programs

from lfm_ros.ros.launch_arguments import LAUNCH_FILES, LIFTER

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "launch").glob("*.launch.py"))
SHARED = ROOT / "lfm_ros" / "ros" / "launching.py"
SPECIFIED_IN = {
    "lifter": ("parameters.py", "LifterParameters"),
    "player": ("parameters.py", "PlayerParameters"),
    "viewer": ("viewer_node.py", "ViewerParameters"),
}
EVERY_NODE_HAS = {"use_sim_time"}
ASK_FOR_AN_ARGUMENT = {"LaunchConfiguration": 0, "text": 1, "parsed": 1}


def calls(path: Path, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def string(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def used(path: Path) -> set[str]:
    """Arguments that a file asks for by name, in whichever way."""
    found = set()
    for ask, place in ASK_FOR_AN_ARGUMENT.items():
        found |= {string(call.args[place]) for call in calls(path, ask)}
    return {name for name in found if name}


def own_nodes(path: Path) -> list[ast.Call]:
    nodes = calls(path, "Node", "LifecycleNode")
    return [node for node in nodes if string(keyword(node, "package")) == "lfm_ros"]


def test_the_launch_files_are_those_that_are_described() -> None:
    assert {path.name for path in FILES} == set(LAUNCH_FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_declares_its_own_arguments(path: Path) -> None:
    (declaration,) = calls(path, "declared")
    (table,) = declaration.args
    tables = __import__("lfm_ros.ros.launch_arguments", fromlist=["*"])
    assert isinstance(table, ast.Name)
    assert getattr(tables, table.id) is LAUNCH_FILES[path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_program_is_one_of_setup_py(path: Path) -> None:
    started = {string(keyword(node, "executable")) for node in own_nodes(path)}
    assert started <= programs()
    assert all(
        string(keyword(n, "name")) == string(keyword(n, "executable")) for n in own_nodes(path)
    )
    assert started or list(calls(path, "lifter")), "it starts nothing"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_arguments_that_are_asked_for_are_declared(path: Path) -> None:
    """By the file, or by lifter.launch.py, to which all the others hand on."""
    assert used(path) <= set(LAUNCH_FILES[path.name]) | set(LIFTER)
    assert used(SHARED) <= set(LIFTER)


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_arguments_are_used_and_described(name: str) -> None:
    files = (ROOT / "launch" / name, ROOT / "launch" / "lifter.launch.py", SHARED)
    asked = set().union(*map(used, files))
    # What lifter.launch.py goes through in a loop, and what this file hands to another package's.
    spelled = "".join(file.read_text() for file in files)
    for argument, told in LAUNCH_FILES[name].items():
        assert argument in asked or f'"{argument}"' in spelled, f"{argument} is never used"
        assert told.description.endswith("."), argument
        assert not told.choices or told.default in told.choices, argument
        assert not told.file or (ROOT / str(told.default)).is_file(), argument


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_documents_name_every_file(name: str) -> None:
    assert any(name in document.read_text() for document in DOCUMENTS if document.exists())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_parameters_exist(path: Path) -> None:
    for node in own_nodes(path):
        program = string(keyword(node, "executable"))
        listed = keyword(node, "parameters")
        keys = {string(k) for d in ast.walk(listed) if isinstance(d, ast.Dict) for k in d.keys}
        assert keys - EVERY_NODE_HAS <= parameters_of(str(program)), program


def test_arguments_that_are_parameters_have_their_names() -> None:
    chosen = {"input_type", "class_skeletons", "skeletons", "tf_prefix"}
    chosen |= {"gravity_frame", "ground_frame", "target_frame"}
    assert chosen <= set(LIFTER)
    assert chosen <= parameters_of("lifter")


def test_what_launch_cannot_see_is_declared() -> None:
    """Lifters that are included while launch runs: --show-args shows what the file declares."""
    set_for_each = {"tf_prefix"}
    assert set(LIFTER) - set_for_each <= set(LAUNCH_FILES["multi_camera.launch.py"])


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
