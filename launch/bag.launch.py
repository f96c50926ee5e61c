"""Play a recording of detections into the lifter.

``ros2 launch lfm_ros bag.launch.py bag:=recording.mcap keypoints:=/detector/keypoints``. Playing
begins when the lifter is active. Without ROS, ``lfm lift recording.mcap`` does the same faster.
"""

from __future__ import annotations

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import ExecuteProcess, OpaqueFunction, RegisterEventHandler
from launch_ros.event_handlers import OnStateTransition

from lfm_ros.ros.launch_arguments import BAG
from lfm_ros.ros.launching import declared, lifter, require, text

_REMEDY = (
    "sudo apt install ros-$ROS_DISTRO-ros2bag ros-$ROS_DISTRO-rosbag2-storage-default-plugins, or "
    "lift the recording without it: lfm lift RECORDING --output OUT.npz"
)


def player(context: LaunchContext) -> ExecuteProcess:
    loop = ["--loop"] if text(context, "loop") == "true" else []
    command = ["ros2", "bag", "play", text(context, "bag"), "--rate", text(context, "rate")]
    return ExecuteProcess(cmd=[*command, "--clock", "100", *loop], output="screen")


def start(context: LaunchContext) -> list[Action]:
    require("ros2bag", _REMEDY)
    play = player(context)
    if text(context, "autostart") != "true":
        return [play]  # nobody here knows when somebody else activates the lifter
    return [RegisterEventHandler(OnStateTransition(goal_state="active", entities=[play]))]


def generate_launch_description() -> LaunchDescription:
    # The player first: its handler must be there before the lifter becomes active.
    return LaunchDescription([*declared(BAG), OpaqueFunction(function=start), lifter()])
