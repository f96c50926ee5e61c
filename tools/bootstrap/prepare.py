"""The steps that make ``.venv`` ready, each skipped while what it depends on is unchanged."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tools.bootstrap import ament_index, debian, interfaces, packages, stamps
from tools.bootstrap.child import run_logged
from tools.bootstrap.places import KEPT, PYTHON, ROOT, VENV
from tools.bootstrap.report import Stop, say, step
from tools.bootstrap.ros import Ros, environment, find_ros

EXTRAS = {"demo": ["runtime", "viz"], "test": ["runtime", "viz", "train", "rtx", "dev"]}
# setuptools is in .venv by then; a second copy in an isolated build would need the network.
SETUPTOOLS = "setuptools>=70.1,<80"
LINK = ["--no-build-isolation", "-e"]
SHOWN = {
    "demo": "onnxruntime, viser",
    "test": "onnxruntime, viser, torch, TensorRT for RTX, test tools",
}


def prepare(level: str) -> dict[str, str]:
    """Make ``.venv`` ready.

    Args:
        level: ``demo`` (what runs on a robot) or ``test`` (training and test tools on top).

    Returns:
        The environment variables for programs in it.

    Raises:
        Stop: It cannot be made ready.
    """
    with _only_one():
        ros = find_ros()
        env = environment(ros)
        _make_venv(ros)
        _install_packages(level, ros, env)
        _link_project(env)
        _add_tf(ros, env)
        if level == "test":
            _add_detector_messages(ros, env)
            _add_chromium()
    return env


def become(command: list[str], env: dict[str, str]) -> NoReturn:
    """Replace this process by a command of ``.venv``, so that signals reach it directly."""
    program = VENV / "bin" / command[0]
    if not program.exists():
        raise Stop(f"{program.relative_to(ROOT)} does not exist; `make clean` and run this again.")
    os.execve(program, command, env)


@contextmanager
def _only_one() -> Iterator[None]:
    """Two runs at once must not fill the same ``.venv``; the lock ends with the process."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another make is preparing .venv; waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _make_venv(ros: Ros) -> None:
    key = stamps.digest([sys.version, sys.base_prefix, str(VENV), ros.name, ros.numpy or ""])
    if stamps.is_done("venv", key) and PYTHON.exists():
        return
    if VENV.exists() and not KEPT.exists():
        raise Stop(".venv was not made by this Makefile: move it away and run this again.")
    shutil.rmtree(VENV, ignore_errors=True)
    debian.require(debian.missing_for_venv(), "a virtual environment")
    with step(f".venv with Python {sys.version.split()[0]} and {ros.name}"):
        KEPT.mkdir(parents=True, exist_ok=True)  # apt may have logged there already
        system = ["--system-site-packages"] if ros.sourced else []
        done, printed = run_logged([sys.executable, "-m", "venv", *system, VENV], "venv.log")
    if not done:
        raise Stop(f"python3 -m venv failed: {printed.strip().splitlines()[-1]}")
    stamps.mark_done("venv", key)


def _install_packages(level: str, ros: Ros, env: dict[str, str]) -> None:
    key = stamps.digest([ROOT / "setup.py", Path(packages.__file__)])
    if any(stamps.is_done(f"packages-{have}", key) for have in (level, "test")):
        return
    wheels = [] if ros.sourced else ["ros", "ros-build"]
    extras = ",".join([*EXTRAS[level], *wheels])
    held = KEPT / "constraints.txt"
    held.write_text(packages.held_numpy(ros.numpy) if ros.numpy else "")
    shown = SHOWN[level] if ros.sourced else f"{ros.name}, {SHOWN[level]}"
    with step(f"Python packages: {shown}"):
        packages.pip_install([SETUPTOOLS], "pip-setuptools.log", env)
        wanted = ["-c", str(held), *LINK, f"{ROOT}[{extras}]"]
        packages.pip_install(wanted, f"pip-{level}.log", env)
    stamps.mark_done(f"packages-{level}", key)
    _finish_link()


def _link_project(env: dict[str, str]) -> None:
    """Link the checkout into ``.venv``: its modules, its programs and what ROS looks up."""
    if stamps.is_done("project", _project_key()):
        return
    with step("lfm_ros itself, linked to this checkout"):
        packages.pip_install(["--no-deps", *LINK, str(ROOT)], "pip-project.log", env)
    _finish_link()


def _finish_link() -> None:
    ament_index.link_share(["lifter", "player", "viewer", "lfm"])
    stamps.mark_done("project", _project_key())


def _project_key() -> str:
    inputs = ["setup.py", "setup.cfg", "pyproject.toml", "tools/bootstrap/ament_index.py"]
    return stamps.digest(ROOT / name for name in inputs)


def _add_tf(ros: Ros, env: dict[str, str]) -> None:
    key = _interfaces_key(interfaces.TF)
    if ros.has_tf or stamps.is_done("tf2_msgs", key):
        return
    lacking = f"{ros.name}, has none (apt has it as ros-DISTRO-tf2-msgs)"
    reason = lacking if ros.sourced else interfaces.build(interfaces.TF, env)
    if reason:
        say(f"going on without /tf, for want of tf2_msgs: {reason}.")
    else:
        stamps.mark_done("tf2_msgs", key)


def _add_detector_messages(ros: Ros, env: dict[str, str]) -> None:
    """The messages of detectors, for the tests that read them."""
    key = _interfaces_key(interfaces.DETECTORS)
    # Trimmed ones must not shadow those of a ROS that is installed.
    if ros.sourced or stamps.is_done("detector_msgs", key):
        return
    reason = interfaces.build(interfaces.DETECTORS, env)
    if reason:
        say(f"the tests with messages of detectors will be skipped: {reason}.")
    else:
        stamps.mark_done("detector_msgs", key)


def _interfaces_key(workspace: interfaces.Workspace) -> str:
    return stamps.digest([workspace.source, Path(interfaces.__file__)])


def _add_chromium() -> None:
    reason = debian.install(debian.missing_for_viewer_test(), "the viewer's test")
    if reason:
        say(f"the viewer's test will be skipped: {reason}.")
