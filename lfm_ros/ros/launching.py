"""What the launch files share. Imported by these alone, since it needs launch and launch_ros."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, SomeSubstitutionsType
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node

from lfm_ros.core.errors import LfmError
from lfm_ros.resources import config_dir
from lfm_ros.ros.launch_arguments import Argument

_RVIZ_CONFIG = config_dir() / "rviz" / "lfm.rviz"


class LaunchError(LfmError):
    """A launch file cannot do what its arguments say."""


def declared(arguments: Mapping[str, Argument]) -> list[DeclareLaunchArgument]:
    """The actions that declare a launch file's arguments."""
    return [
        DeclareLaunchArgument(
            name,
            default_value=_beside(one.default) if one.file and one.default else one.default,
            description=one.description,
            choices=list(one.choices) or None,
        )
        for name, one in arguments.items()
    ]


def lifter(**given: SomeSubstitutionsType) -> IncludeLaunchDescription:
    """``lifter.launch.py`` with some of its arguments; the rest are those of the command line."""
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(_beside("launch/lifter.launch.py")),
        launch_arguments=list(given.items()),
    )


def text(context: LaunchContext, name: str) -> str:
    """The value of an argument, while launch runs."""
    return LaunchConfiguration(name).perform(context)


def parsed(context: LaunchContext, name: str, kind: type) -> Any:
    """An argument that is YAML, while launch runs; None where it is empty.

    Raises:
        LaunchError: It is no YAML, or YAML of something else than ``kind``.
    """
    written = text(context, name)
    try:
        value = yaml.safe_load(written)
    except yaml.YAMLError:
        value = written
    if value is None or isinstance(value, kind):
        return value
    example = {list: "[front, rear]", dict: "{person: coco17}"}[kind]
    raise LaunchError(f"{name} is {written!r}; give a YAML {kind.__name__}, such as {example}")


def require(package: str, remedy: str) -> Path:
    """The share folder of a package that has to be installed.

    Raises:
        LaunchError: It is not there.
    """
    try:
        return Path(get_package_share_directory(package))
    except PackageNotFoundError:
        raise LaunchError(f"the package {package} is not there: {remedy}") from None


def rviz(context: LaunchContext, cameras: Sequence[str] = ()) -> list[Node]:
    """RViz where the argument ``rviz`` asks for it.

    Args:
        context: Of the launch.
        cameras: Namespaces whose topics are to be shown; none: those of ``namespace`` itself.

    Raises:
        LaunchError: RViz is not installed.
    """
    if text(context, "rviz") != "true":
        return []
    require("rviz2", "sudo apt install ros-$ROS_DISTRO-rviz2, or look with lfm view or Foxglove")
    config = str(_RVIZ_CONFIG)
    if cameras:
        with tempfile.NamedTemporaryFile("w", suffix=".rviz", delete=False) as file:
            file.write(rviz_config(cameras))
        config = file.name
    frame = text(context, "fixed_frame")
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=LaunchConfiguration("namespace"),
            arguments=["-d", config, *(["-f", frame] if frame else [])],
            parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time", default="false")}],
        )
    ]


def rviz_config(cameras: Sequence[str]) -> str:
    """``lfm.rviz`` with every display that reads a topic once a camera."""
    config = yaml.safe_load(_RVIZ_CONFIG.read_text())
    displays: list[dict[str, Any]] = []
    for display in config["Visualization Manager"]["Displays"]:
        if "Topic" not in display:
            displays.append(display)
            continue
        for camera in cameras:
            topic = {**display["Topic"], "Value": f"{camera}/{display['Topic']['Value']}"}
            displays.append({**display, "Name": f"{display['Name']} {camera}", "Topic": topic})
    config["Visualization Manager"]["Displays"] = displays
    return yaml.safe_dump(config, sort_keys=False)


def _beside(path: str) -> PathJoinSubstitution:
    """A file of the package, as seen from a launch file: installed or in a checkout."""
    return PathJoinSubstitution([ThisLaunchFileDir(), "..", path])
