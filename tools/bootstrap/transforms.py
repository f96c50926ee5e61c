"""Builds ``tf2_msgs/msg/TFMessage`` into ``.venv``: PyPI's ROS 2 has everything but that."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from tools.bootstrap.child import run_logged
from tools.bootstrap.debian import install, missing_for_building
from tools.bootstrap.packages import pip_install, shown
from tools.bootstrap.places import KEPT, LOGS, PYTHON, ROOT, VENV
from tools.bootstrap.report import step

SOURCE = ROOT / "tools" / "tf2_msgs"
# The wheels carry the paths of the container they were built in, and CMake refuses include
# folders that do not exist.
CONTAINER = r"/opt/(?:python|_internal)/[^;\"' )]*?"
CONTAINER_NUMPY = re.compile(CONTAINER + r"/site-packages/numpy/_?core/include")
CONTAINER_PYTHON = re.compile(CONTAINER + r"/include/python3\.\d+")


def build_tf2_msgs(env: dict[str, str]) -> str | None:
    """Build the package and check that it imports.

    Args:
        env: Environment variables of ``.venv``.

    Returns:
        None when it is there, otherwise the reason why not, as a clause.
    """
    reason = install(missing_for_building(), "building tf2_msgs")
    if reason:
        return reason
    with step("tf2_msgs, compiled from tools/tf2_msgs"):
        if shutil.which("cmake") is None:
            pip_install(["cmake"], "pip-cmake.log", env)
        numpy = _ask_venv("import numpy; print(numpy.get_include())", env)
        mend_cmake_paths(VENV / "share", Path(sysconfig.get_path("include")), Path(numpy))
        done, _ = run_logged(_colcon(), "tf2_msgs.log", _build_environment(env))
    if not done:
        return f"compiling it failed ({shown(LOGS / 'tf2_msgs.log')})"
    return None if _ask_venv("import tf2_msgs.msg; print('yes')", env) else "it does not import"


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


def _colcon() -> list[str | Path]:
    """The build command. The sources are copied away from the COLCON_IGNORE beside them."""
    copy = KEPT / "tf2_msgs"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(SOURCE, copy / "src", ignore=shutil.ignore_patterns("COLCON_IGNORE"))
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
