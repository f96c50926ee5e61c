"""The lifter behind yolo_ros.

``ros2 launch lfm_ros yolo.launch.py`` beside a yolo_ros that runs with a pose network, or with
``start_yolo:=true image:=/camera/image_raw`` instead of it.
"""

from __future__ import annotations

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from lfm_ros.ros.launch_arguments import YOLO
from lfm_ros.ros.launching import LaunchError, declared, lifter, text


def start_yolo(context: LaunchContext) -> list[Action]:
    if text(context, "start_yolo") != "true":
        return []
    try:
        share = get_package_share_directory("yolo_bringup")
    except PackageNotFoundError:
        raise LaunchError(
            "yolo_bringup is not there: clone https://github.com/mgonzs13/yolo_ros into your "
            "workspace, build and source it, or start the detector yourself"
        ) from None
    given = {name: text(context, name) for name in ("model", "device")}
    given["input_image_topic"] = text(context, "image")
    source = PythonLaunchDescriptionSource(f"{share}/launch/yolo.launch.py")
    return [IncludeLaunchDescription(source, launch_arguments=list(given.items()))]


def generate_launch_description() -> LaunchDescription:
    # yolo_ros last: its launch file has arguments that are called like ours.
    return LaunchDescription([*declared(YOLO), lifter(), OpaqueFunction(function=start_yolo)])
