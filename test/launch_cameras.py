"""For launch_testing: multi_camera.launch.py with two cameras; see test_launch_run.py."""

from __future__ import annotations

import tempfile
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
PLAYED_BY_THE_PLAYERS = (ROOT / "config" / "demo.yaml").read_text()
FOR_ONE_CAMERA = """
/front/lifter:
  ros__parameters:
    camera_pitch_deg: 12.0
    input_type: yolo_msgs/msg/DetectionArray
"""


def generate_test_description() -> LaunchDescription:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
        file.write(PLAYED_BY_THE_PLAYERS + FOR_ONE_CAMERA)
    cameras = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(ROOT / "launch" / "multi_camera.launch.py")),
        launch_arguments=[
            ("cameras", "[front, rear]"),
            ("params_file", file.name),
            ("depth", "aligned/image"),
            ("input_type", "sensor_msgs/msg/PointCloud2"),
        ],
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
            told = {
                camera: listener.parameters(
                    f"/{camera}/lifter", "camera_pitch_deg", "input_type", "use_depth"
                )
                for camera in ("front", "rear")
            }
            assert listener.readers("/front/aligned/image") == ["/front/lifter"]
        names = {t.child_frame_id.split("_")[0] for message in sent for t in message.transforms}
        assert names == {"front", "rear"}
        # A section of the file is for one camera; arguments go before the file, for each.
        clouds = "sensor_msgs/msg/PointCloud2"
        assert told == {"front": [12.0, clouds, True], "rear": [0.0, clouds, True]}


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_every_process_ended_well(self, proc_info: object) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
