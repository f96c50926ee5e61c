"""The package as colcon, pip and a ROS user see it."""

from __future__ import annotations

import ast
import importlib
import itertools
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from setuptools import Distribution

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
FROM_PIP_ONLY = ("onnxruntime", "viser", "tensorrt", "pycuda", "torch", "roma")


@pytest.fixture(scope="module")
def manifest():
    """package.xml as catkin_pkg, and so colcon and rosdep, read it."""
    package = pytest.importorskip("catkin_pkg.package", reason="catkin_pkg is not installed")
    return package.parse_package(str(ROOT / "package.xml"))


@pytest.fixture(scope="module")
def setup() -> Distribution:
    """What setup.py declares, read the way colcon reads it: run, but nothing built."""
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    from setuptools.dist import Distribution

    core = importlib.import_module("distutils.core")  # setuptools brings it, so only now

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        declared = core.run_setup("setup.py", stop_after="init")
    assert isinstance(declared, Distribution)
    return declared


def scripts(setup: Distribution) -> dict[str, str]:
    lines = setup.entry_points["console_scripts"]
    return dict(line.replace(" ", "").split("=") for line in lines)


def test_manifest_is_valid_and_agrees_with_setup(manifest, setup: Distribution) -> None:
    warnings: list[str] = []
    manifest.validate(warnings=warnings)
    assert not warnings
    assert manifest.name == setup.get_name()
    assert manifest.version == setup.get_version()
    assert manifest.get_build_type() == "ament_python"
    assert [str(text) for text in manifest.licenses] == [setup.get_license()]


def test_changelog_names_this_version_or_is_ahead_of_it(setup: Distribution) -> None:
    lines = (ROOT / "CHANGELOG.rst").read_text().splitlines()
    under = [above for above, line in itertools.pairwise(lines) if line[:3] == "---"]
    assert under[0] == "Forthcoming" or under[0].startswith(f"{setup.get_version()} (")


def test_manifest_requires_what_the_node_imports_and_nothing_from_pip(manifest) -> None:
    declared = {dependency.name for dependency in manifest.exec_depends}
    files = [*(ROOT / "lfm_ros" / "ros").rglob("*.py"), *(ROOT / "launch").glob("*.py")]
    found = {name for path in files for name in top_level_imports(path)}
    ros = {n for n in found if n.endswith(("_msgs", "_srvs", "_interfaces"))}
    ros |= found & {"rclpy", "launch", "launch_ros", "ament_index_python"}
    ros |= {"tf2_ros_py"} & {f"{name}_py" for name in found}  # the module is called tf2_ros
    assert "rclpy" in ros, "no rclpy import found: is the path of this test right?"
    assert ros - declared == set()
    assert not declared.intersection(FROM_PIP_ONLY)


def top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("script", ["lifter", "player", "viewer", "lfm"])
def test_entry_point_loads(script: str, setup: Distribution) -> None:
    if script != "lfm":
        pytest.importorskip("rclpy", reason="no ROS 2 here: the nodes cannot be imported")
    target = scripts(setup)[script]
    assert callable(EntryPoint(script, target, "console_scripts").load())


def test_every_shared_file_is_installed_once(setup: Distribution) -> None:
    pairs = [(Path(to, Path(f).name), f) for to, names in setup.data_files for f in names]
    targets = [str(target) for target, _ in pairs]
    assert len(targets) == len(set(targets))
    assert "share/ament_index/resource_index/packages/lfm_ros" in targets
    assert "share/lfm_ros/package.xml" in targets
    for folder in ("launch", "config"):
        tracked = {str(p.relative_to(ROOT)) for p in tracked_files(folder)}
        assert tracked, f"{folder} is empty"
        assert tracked <= {source for _, source in pairs}


def tracked_files(folder: str) -> list[Path]:
    below = (ROOT / folder).rglob("*")
    return [p for p in below if p.is_file() and "__pycache__" not in p.parts]
