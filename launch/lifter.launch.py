"""Start the lifter beside a detector, and bring it to work.

``ros2 launch lfm_ros lifter.launch.py skeletons:="[coco17]" keypoints:=/detector/keypoints``
"""

from __future__ import annotations

from typing import Any

import yaml
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.conditions import IfCondition
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.substitutions import FindPackageShare
from lifecycle_msgs.msg import Transition

SHARE = FindPackageShare("lfm_ros")


def arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution([SHARE, "config", "lifter.yaml"]),
            description="Parameters of the lifter.",
        ),
        DeclareLaunchArgument(
            "skeletons",
            default_value="",
            description="Rigs in use, a YAML list of names or files; empty: those of params_file.",
        ),
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node."),
        DeclareLaunchArgument(
            "keypoints", default_value="keypoints", description="Topic of the detections."
        ),
        DeclareLaunchArgument(
            "camera_info",
            default_value="camera_info",
            description="Topic of the camera's CameraInfo, stamped like the detections.",
        ),
        DeclareLaunchArgument(
            "autostart",
            default_value="true",
            choices=["true", "false"],
            description="Configure and activate the lifter; else a lifecycle manager must.",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="false",
            choices=["true", "false"],
            description="Take the time from /clock, as with a simulator or a bag.",
        ),
        DeclareLaunchArgument(
            "rviz", default_value="false", choices=["true", "false"], description="Open RViz too."
        ),
    ]


def lifter(chosen: dict[str, Any]) -> LifecycleNode:
    return LifecycleNode(
        package="lfm_ros",
        executable="lifter",
        name="lifter",
        namespace=LaunchConfiguration("namespace"),
        # autostart: the events below do it, so that launch sees the states.
        parameters=[
            LaunchConfiguration("params_file"),
            {"use_sim_time": LaunchConfiguration("use_sim_time"), "autostart": False},
            chosen,
        ],
        remappings=[
            ("keypoints", LaunchConfiguration("keypoints")),
            ("camera_info", LaunchConfiguration("camera_info")),
        ],
        output="screen",
    )


def autostart(node: LifecycleNode) -> list[EmitEvent | RegisterEventHandler]:
    """Configure the node, and activate it when it is configured."""
    wanted = IfCondition(LaunchConfiguration("autostart"))

    def change(transition: int) -> EmitEvent:
        event = ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)
        return EmitEvent(event=event, condition=wanted)

    when_configured = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="inactive",
        entities=[change(Transition.TRANSITION_ACTIVATE)],
    )
    return [RegisterEventHandler(when_configured), change(Transition.TRANSITION_CONFIGURE)]


def rviz() -> Node:
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=LaunchConfiguration("namespace"),
        arguments=["-d", PathJoinSubstitution([SHARE, "config", "rviz", "lfm.rviz"])],
        parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time")}],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )


def start(context: LaunchContext) -> list[Action]:
    """The lifter with the rigs that were asked for, which can only be read when launch runs."""
    skeletons = LaunchConfiguration("skeletons").perform(context)
    node = lifter({"skeletons": yaml.safe_load(skeletons)} if skeletons else {})
    return [node, *autostart(node)]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments(), OpaqueFunction(function=start), rviz()])
