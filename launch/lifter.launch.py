"""Start the lifter beside a detector, and bring it to work.

``ros2 launch lfm_ros lifter.launch.py skeletons:="[coco17]" keypoints:=/detector/keypoints``
"""

from __future__ import annotations

from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from lfm_ros.ros.launch_arguments import LIFTER
from lfm_ros.ros.launching import declared, parsed, rviz, text


def lifter(chosen: dict[str, Any], topics: list[tuple[str, str]]) -> LifecycleNode:
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
        remappings=topics,
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
    )


def chosen(context: LaunchContext) -> dict[str, Any]:
    """The parameters that were given as arguments, which can only be read when launch runs."""
    names = ("input_type", "tf_prefix", "gravity_frame", "ground_frame", "target_frame")
    values: dict[str, Any] = {name: text(context, name) for name in names}
    values["use_depth"] = bool(text(context, "depth"))
    values["skeletons"] = parsed(context, "skeletons", list)
    classes = parsed(context, "class_skeletons", dict) or {}
    values["class_skeletons"] = [f"{name}: {rig}" for name, rig in classes.items()]
    return {name: value for name, value in values.items() if value}


def topics(context: LaunchContext) -> list[tuple[str, str]]:
    """Names that the node knows its topics by, and what they are to be; empty: as they are."""
    given = ((name, text(context, name)) for name in ("keypoints", "camera_info", "depth"))
    return [(name, topic) for name, topic in given if topic]


def autostart(node: LifecycleNode) -> list[Action]:
    """Configure the node, and activate it when it is configured."""

    def change(transition: int) -> EmitEvent:
        matcher = matches_action(node)
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition)
        )

    when_configured = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="inactive",
        entities=[change(Transition.TRANSITION_ACTIVATE)],
    )
    return [RegisterEventHandler(when_configured), change(Transition.TRANSITION_CONFIGURE)]


def start(context: LaunchContext) -> list[Action]:
    node = lifter(chosen(context), topics(context))
    # Asked for now: in a group with arguments of its own, they are gone when an event comes.
    events = autostart(node) if text(context, "autostart") == "true" else []
    return [*rviz(context), node, *events]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declared(LIFTER), OpaqueFunction(function=start)])
