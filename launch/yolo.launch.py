"""The lifter behind yolo_ros.

``ros2 launch lfm_ros yolo.launch.py`` beside a yolo_ros that runs with a pose network, or with
``start_yolo:=true image:=/camera/image_raw`` instead of it.
"""

from __future__ import annotations

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from lfm_ros.ros.launch_arguments import YOLO
from lfm_ros.ros.launching import declared, lifter, require, text

_REMEDY = (
    "clone https://github.com/mgonzs13/yolo_ros into your workspace, build and source it, or start "
    "the detector yourself"
)


def start_yolo(context: LaunchContext) -> list[Action]:
    if text(context, "start_yolo") != "true":
        return []
    share = require("yolo_bringup", _REMEDY)
    given = {name: text(context, name) for name in ("model", "device")}
    # Its default, said here since a namespace of ours would go before that.
    given |= {"input_image_topic": text(context, "image"), "namespace": "yolo"}
    source = PythonLaunchDescriptionSource(f"{share}/launch/yolo.launch.py")
    # In a group, since its launch file has arguments that are called like ours.
    return [GroupAction([IncludeLaunchDescription(source, launch_arguments=list(given.items()))])]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declared(YOLO), OpaqueFunction(function=start_yolo), lifter()])
