"""Builds message packages into ``.venv`` that PyPI's ROS 2 has not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap.child import run_logged
from tools.bootstrap.debian import install, missing_for_building
from tools.bootstrap.packages import pip_install, shown
from tools.bootstrap.places import KEPT, LOGS, PYTHON, ROOT, VENV
from tools.bootstrap.report import step


@dataclass(frozen=True)
class Workspace:
    """Message packages that are built together.

    Attributes:
        source: Its folder.
        packages: Names of the packages in it.
    """

    source: Path
    packages: tuple[str, ...]


TF = Workspace(ROOT / "tools" / "tf2_msgs", ("tf2_msgs",))
DETECTORS = Workspace(
    ROOT / "tools" / "detector_msgs",
    ("apriltag_msgs", "depthai_ros_msgs", "hri_msgs", "yolo_msgs", "zed_msgs"),
)
# The wheels carry the paths of the container they were built in, and CMake refuses include
# folders that do not exist.
CONTAINER = r"/opt/(?:python|_internal)/[^;\"' )]*?"
CONTAINER_NUMPY = re.compile(CONTAINER + r"/site-packages/numpy/_?core/include")
CONTAINER_PYTHON = re.compile(CONTAINER + r"/include/python3\.\d+")


def build(workspace: Workspace, env: dict[str, str]) -> str | None:
    """Build the packages and check that they import.

    Args:
        workspace: What to build.
        env: Environment variables of ``.venv``.

    Returns:
        None when they are there, otherwise the reason why not, as a clause.
    """
    name, packages = workspace.source.name, workspace.packages
    reason = install(missing_for_building(), f"building {name}")
    if reason:
        return reason
    with step(f"{', '.join(packages)}, compiled from {workspace.source.relative_to(ROOT)}"):
        if shutil.which("cmake") is None:
            pip_install(["cmake"], "pip-cmake.log", env)
        numpy = _ask_venv("import numpy; print(numpy.get_include())", env)
        mend_cmake_paths(VENV / "share", Path(sysconfig.get_path("include")), Path(numpy))
        done, _ = run_logged(_colcon(workspace.source), f"{name}.log", _build_environment(env))
    if not done:
        return f"compiling it failed ({shown(LOGS / f'{name}.log')})"
    imports = "; ".join(f"import {package}.msg" for package in packages)
    return None if _ask_venv(f"{imports}; print('yes')", env) else "it does not import"


def mend_cmake_paths(share: Path, python_include: Path, numpy_include: Path) -> int:
    """Replace the build container's paths in exported CMake files; returns how many changed."""
    changed = 0
    for path in share.rglob("*.cmake"):
        before = path.read_text(errors="surrogateescape")
        after = CONTAINER_NUMPY.sub(str(numpy_include), before)
        after = CONTAINER_PYTHON.sub(str(python_include), after)
        if after != before:
            path.write_text(after, errors="surrogateescape")
            changed += 1
    return changed


def _colcon(source: Path) -> list[str | Path]:
    """The build command. The sources are copied away from the COLCON_IGNORE beside them."""
    copy = KEPT / source.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy / "src", ignore=shutil.ignore_patterns("COLCON_IGNORE"))
    where = ["--base-paths", copy / "src", "--build-base", copy / "build"]
    # Merged into the venv itself, nothing needs sourcing: libraries and modules are found there.
    into = ["--merge-install", "--install-base", VENV]
    cmake = ["--cmake-args", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={PYTHON}"]
    colcon = [VENV / "bin" / "colcon", "--log-base", LOGS / "colcon", "build"]
    return [*colcon, *where, *into, *cmake]


def _build_environment(env: dict[str, str]) -> dict[str, str]:
    """A person's own colcon defaults (symlinks, mixins) must not change how this is built."""
    return {**env, "CMAKE_PREFIX_PATH": str(VENV), "COLCON_HOME": str(KEPT / "colcon")}


def _ask_venv(code: str, env: dict[str, str]) -> str:
    ask = [PYTHON, "-c", code]
    answer = subprocess.run(ask, env=env, capture_output=True, text=True, check=False)
    return answer.stdout.strip()
