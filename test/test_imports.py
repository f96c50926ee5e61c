"""What a robot needs installed: the arrows of imports, seen from outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]
CORE_MAY_IMPORT = {*sys.stdlib_module_names, "numpy", "lfm_ros.core"}
# Heavy or optional: nothing of it may be loaded before it is asked for.
LATE = ("torch", "training", "rclpy", "onnxruntime", "tensorrt", "pycuda", "viser", "scipy")
ROS_MODULES = ("rclpy", "rcl_interfaces", "builtin_interfaces", "tf2_ros", "ament_index_python")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all modules that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            yield node.module or ""


def within(name: str, packages: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[: n + 1]) in packages for n in range(len(parts)))


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"{folder} has no Python file: is the path of this test right?"
    return found


def test_core_needs_the_standard_library_and_numpy_only() -> None:
    wrong = {
        str(path.relative_to(ROOT)): name
        for path in files("lfm_ros/core")
        for name in imported(path)
        if not within(name, CORE_MAY_IMPORT)
    }
    assert not wrong


def test_only_the_ros_package_imports_ros() -> None:
    wrong = {
        str(path.relative_to(ROOT)): name
        for path in files("lfm_ros")
        for name in imported(path)
        if name.split(".")[0].endswith(("_msgs", "_srvs")) or within(name, set(ROS_MODULES))
        if not path.is_relative_to(ROOT / "lfm_ros" / "ros")
    }
    assert not wrong


def test_nothing_imports_torch_or_training_on_a_robot() -> None:
    wrong = {
        str(path.relative_to(ROOT)): name
        for path in files("lfm_ros")
        for name in imported(path)
        if within(name, {"torch", "training"})
    }
    assert not wrong


def test_importing_lfm_ros_loads_no_runtime() -> None:
    code = f"import sys, lfm_ros; print([m for m in {LATE!r} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
