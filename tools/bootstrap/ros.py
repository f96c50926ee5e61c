"""Which ROS 2 to use: the one that is sourced, else the wheels from PyPI."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass

from tools.bootstrap.places import VENV
from tools.bootstrap.report import Stop, say

# Set by a sourced ROS or by another ROS environment; they would shadow the wheels in .venv. The
# last one is the wheels' own mark "library path is set": a child of another environment inherits
# it and then never gets its own path.
FOREIGN = (
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "ROS_DISTRO",
    "ROS_VERSION",
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
)
PROBE = (
    "import importlib.util, json, numpy, rclpy;"
    "has_tf = importlib.util.find_spec('tf2_msgs') is not None;"
    "print(json.dumps([numpy.__version__, has_tf]))"
)


@dataclass(frozen=True)
class Ros:
    """The ROS 2 that the environment is built on.

    Attributes:
        name: For the progress lines.
        sourced: Whether it is an installed ROS 2 whose setup file was sourced.
        numpy: Version of the numpy that a sourced ROS 2 brings, else None.
        has_tf: Whether it brings tf2_msgs itself.
    """

    name: str
    sourced: bool
    numpy: str | None = None
    has_tf: bool = False


def find_ros() -> Ros:
    """The sourced ROS 2 if ``rclpy`` can be imported, else the wheels of PyPI.

    Raises:
        Stop: Nothing is sourced and PyPI has no wheels for this machine.
    """
    distro = os.environ.get("ROS_DISTRO")
    if distro:
        probe = [sys.executable, "-c", PROBE]
        answer = subprocess.run(probe, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            numpy, has_tf = json.loads(answer.stdout)
            return Ros(f"ROS 2 {distro}, sourced", True, numpy, has_tf)
        say(f"ROS_DISTRO is {distro}, but {sys.executable} cannot import rclpy: not using it.")
    machine = (sys.platform, platform.machine())
    if machine != ("linux", "x86_64"):
        raise Stop(
            f"no ROS 2 is sourced, and PyPI has it for Linux x86-64 only (this is {machine[0]} "
            f"{machine[1]}). Source one (source /opt/ros/DISTRO/setup.bash) and run this again."
        )
    return Ros("ROS 2 Jazzy from PyPI", False)


def environment(ros: Ros) -> dict[str, str]:
    """The environment variables for everything that runs in ``.venv``."""
    env = dict(os.environ)
    if not ros.sourced:
        for name in FOREIGN:
            env.pop(name, None)
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", os.defpath)])
    env["VIRTUAL_ENV"] = str(VENV)
    prefixes = [str(VENV), env.get("AMENT_PREFIX_PATH", "")]
    env["AMENT_PREFIX_PATH"] = os.pathsep.join(p for p in prefixes if p)
    return env
