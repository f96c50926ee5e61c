"""One lifter a camera, each in the namespace of its camera.

``ros2 launch lfm_ros multi_camera.launch.py cameras:="[front, rear]"`` reads ``/front/keypoints``
and ``/front/camera_info``, publishes ``/front/markers`` and TF frames such as ``front_0``. With
``depth:=depth/image_raw``, each reads that topic of its namespace.

All have one ``params_file``, in which a camera may have a section of its own:

    /**:
      ros__parameters:
        skeletons: [coco17]
        target_frame: base_link
    /front/lifter:
      ros__parameters:
        rectified: true

What is given as an argument goes before both, for every camera.
"""

from __future__ import annotations

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction

from lfm_ros.ros.launch_arguments import MULTI_CAMERA
from lfm_ros.ros.launching import LaunchError, declared, lifter, parsed, rviz, text


def start(context: LaunchContext) -> list[Action]:
    cameras = [str(camera) for camera in parsed(context, "cameras", list) or ()]
    if not cameras or len(set(cameras)) < len(cameras):
        raise LaunchError(f"cameras is {cameras}; name at least one, and each once")
    around = text(context, "namespace").strip("/")
    lifters = [
        # In a group, since an included file's arguments would hold for the next one too.
        GroupAction(
            [
                lifter(
                    namespace="/".join(part for part in (around, camera) if part),
                    tf_prefix=f"{camera}_",
                    rviz="false",
                )
            ]
        )
        for camera in cameras
    ]
    return [*rviz(context, cameras), *lifters]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declared(MULTI_CAMERA), OpaqueFunction(function=start)])
