"""The launch files, run by the real launch where that is installed: it is in no package index."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip(
    "launch_ros", reason="launch_ros is not installed: it comes with a ROS 2 from apt or source"
)

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext
from launch.launch_description_sources import get_launch_description_from_python_launch_file

from lfm_ros.ros.launch_arguments import LAUNCH_FILES, LIFTER
from lfm_ros.ros.launching import rviz_config

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.ros


def is_there(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def run(*command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "test"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def launched(file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What ``ros2 launch`` does with a file, until it ends by itself."""
    code = (
        "import sys; from launch import LaunchDescription, LaunchService;"
        "from launch.actions import IncludeLaunchDescription as Include;"
        "from launch.launch_description_sources import PythonLaunchDescriptionSource as Source;"
        "given = [a.split(':=') for a in sys.argv[2:]]; service = LaunchService();"
        "service.include_launch_description("
        "LaunchDescription([Include(Source(sys.argv[1]), launch_arguments=given)]));"
        "sys.exit(service.run())"
    )
    return run("-c", code, str(ROOT / "launch" / file), *arguments)


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_a_file_takes_the_arguments_that_are_described(name):
    description = get_launch_description_from_python_launch_file(str(ROOT / "launch" / name))
    # Of its own; those that an included file adds come behind them.
    found = {argument.name: argument for argument in description.get_launch_arguments()}
    context = LaunchContext()
    for argument, told in LAUNCH_FILES[name].items():
        assert found[argument].description.startswith(told.description)
        assert tuple(found[argument].choices or ()) == told.choices
        if told.default is not None and not told.file:
            default = found[argument].default_value
            assert "".join(part.perform(context) for part in default) == told.default


@pytest.mark.timeout(120)
@pytest.mark.skipif(
    not is_there("lfm_ros"), reason="lfm_ros is not in an ament prefix: colcon build"
)
@pytest.mark.parametrize("file", ["launch_demo.py", "launch_cameras.py"])
def test_launch_testing(file):
    pytest.importorskip("launch_testing", reason="launch_testing is not installed")
    done = run("-m", "launch_testing.launch_test", str(ROOT / "test" / file))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.skipif(is_there("ros2bag"), reason="ros2 bag is installed here")
def test_a_bag_without_ros2_bag_is_refused():
    done = launched("bag.launch.py", "bag:=recording.mcap")
    assert done.returncode == 1
    assert "lfm lift RECORDING" in done.stdout


@pytest.mark.skipif(is_there("yolo_bringup"), reason="yolo_bringup is installed here")
def test_yolo_without_its_package_is_refused():
    done = launched("yolo.launch.py", "start_yolo:=true", "autostart:=false")
    assert done.returncode == 1
    assert "yolo_bringup is not there" in done.stdout


@pytest.mark.skipif(is_there("rviz2"), reason="rviz2 is installed here")
def test_rviz_that_is_not_there_is_said():
    done = launched("lifter.launch.py", "rviz:=true", "autostart:=false")
    assert done.returncode == 1
    assert "rviz2 is not there: sudo apt install" in done.stdout


@pytest.mark.parametrize("cameras", ["front", "[]", "[a, a]", "{a: b}", "["])
def test_cameras_that_are_no_list_are_refused(cameras):
    done = launched("multi_camera.launch.py", f"cameras:={cameras}")
    assert done.returncode == 1
    assert "cameras is" in done.stdout


def test_arguments_become_topics_and_parameters():
    file = runpy.run_path(str(ROOT / "launch" / "lifter.launch.py"))
    context = LaunchContext()
    given = {name: told.default or "" for name, told in LIFTER.items()}
    context.launch_configurations.update(given)
    plain = [("keypoints", "keypoints"), ("camera_info", "camera_info")]
    assert (file["chosen"](context), file["topics"](context)) == ({}, plain)
    frames = {"gravity_frame": "odom", "ground_frame": "floor", "target_frame": "map"}
    context.launch_configurations.update(frames, depth="aligned/image")
    assert file["chosen"](context) == {**frames, "use_depth": True}
    assert file["topics"](context) == [*plain, ("depth", "aligned/image")]


def test_rviz_shows_every_camera():
    config = rviz_config(["front", "rear"])
    for topic in ("front/markers", "rear/markers", "front/keypoints_3d", "rear/keypoints_3d"):
        assert f"Value: {topic}" in config
    assert config.count("rviz_default_plugins/TF") == 1
