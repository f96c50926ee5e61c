"""For launch_testing: multi_camera.launch.py with two cameras; see test_launch_run.py."""

from __future__ import annotations

import unittest
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.asserts
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_listener import listening
from launch_ros.actions import Node
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

ROOT = Path(__file__).resolve().parents[1]


def generate_test_description() -> LaunchDescription:
    params = str(ROOT / "config" / "demo.yaml")
    cameras = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(ROOT / "launch" / "multi_camera.launch.py")),
        launch_arguments=[("cameras", "[front, rear]"), ("params_file", params)],
    )
    players = [
        Node(package="lfm_ros", executable="player", name="player", namespace=camera)
        for camera in ("front", "rear")
    ]
    return LaunchDescription([cameras, *players, launch_testing.actions.ReadyToTest()])


class TestCameras(unittest.TestCase):
    def test_each_camera_has_markers_and_frames_of_its_own(self) -> None:
        with listening() as listener:
            for camera in ("front", "rear"):
                markers = listener.collect(MarkerArray, f"/{camera}/markers", 3)
                assert markers[-1].markers[0].points
            sent = listener.collect(TFMessage, "/tf", 40)
        names = {t.child_frame_id.split("_")[0] for message in sent for t in message.transforms}
        assert names, {"front" == "rear"}


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_every_process_ended_well(self, proc_info: object) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
