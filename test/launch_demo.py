"""For launch_testing: demo.launch.py, and with it lifter.launch.py; see test_launch_run.py."""

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
from lifecycle_msgs.srv import GetState
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

LAUNCH = Path(__file__).resolve().parents[1] / "launch"


def generate_test_description() -> LaunchDescription:
    demo = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(LAUNCH / "demo.launch.py")),
        launch_arguments=[("namespace", "robot"), ("viewer", "false")],
    )
    return LaunchDescription([demo, launch_testing.actions.ReadyToTest()])


class TestDemo(unittest.TestCase):
    def test_markers_and_frames_come(self) -> None:
        with listening() as listener:
            markers = listener.collect(MarkerArray, "/robot/markers", 5)
            assert all(m.action == Marker.ADD for m in markers[-1].markers)
            assert markers[-1].markers[0].points
            (frames,) = listener.collect(TFMessage, "/tf", 1)
            assert frames.transforms[0].header.frame_id == "camera_optical_frame"
            state = listener.ask(GetState, "/robot/lifter/get_state")
            assert state.current_state.label == "active"


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_every_process_ended_well(self, proc_info: object) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
