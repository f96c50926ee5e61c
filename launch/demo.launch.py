"""The demo: player, lifter and viewer, with no camera and no detector.

``ros2 launch lfm_ros demo.launch.py`` starts what ``make demo`` starts, with the same parameters.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("lfm_ros")


def arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution([SHARE, "config", "demo.yaml"]),
            description="Parameters of the three nodes.",
        ),
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the nodes."),
        DeclareLaunchArgument(
            "data",
            default_value="",
            description="Recorded keypoints to play, an .npz file, whose rig is to be given as "
            "skeletons then; empty: the built-in scene.",
        ),
        DeclareLaunchArgument(
            "skeletons",
            default_value="",
            description="Rigs in use, a YAML list of names or files; empty: those of params_file.",
        ),
        DeclareLaunchArgument(
            "port", default_value="8080", description="Port of the viewer's page on 127.0.0.1."
        ),
        DeclareLaunchArgument(
            "viewer",
            default_value="true",
            choices=["true", "false"],
            description="Start the viewer in the browser.",
        ),
        DeclareLaunchArgument(
            "rviz", default_value="false", choices=["true", "false"], description="Open RViz too."
        ),
    ]


def lifter() -> IncludeLaunchDescription:
    names = ("params_file", "skeletons", "namespace", "rviz")
    path = PathJoinSubstitution([SHARE, "launch", "lifter.launch.py"])
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(path),
        launch_arguments=[(name, LaunchConfiguration(name)) for name in names],
    )


def player() -> Node:
    return Node(
        package="lfm_ros",
        executable="player",
        name="player",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {"data": ParameterValue(LaunchConfiguration("data"), value_type=str)},
        ],
        output="screen",
    )


def viewer() -> Node:
    return Node(
        package="lfm_ros",
        executable="viewer",
        name="viewer",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {"port": ParameterValue(LaunchConfiguration("port"), value_type=int)},
        ],
        condition=IfCondition(LaunchConfiguration("viewer")),
        output="screen",
    )


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments(), lifter(), player(), viewer()])
