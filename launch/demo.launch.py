"""The demo: player, lifter and viewer, with no camera and no detector.

``ros2 launch lfm_ros demo.launch.py`` starts what ``make demo`` starts, with the same parameters.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from lfm_ros.ros.launch_arguments import DEMO
from lfm_ros.ros.launching import declared, lifter


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
    return LaunchDescription([*declared(DEMO), lifter(), player(), viewer()])
