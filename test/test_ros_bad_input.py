"""What goes wrong on a robot, each tried on the running lifter.

It keeps running, says why once, counts it, and lifts the next good frame.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from ros_graph import (
    CAMERA,
    NodeProcess,
    Probe,
    detections,
    foreign_publisher,
    probing,
    stamps,
    started,
)
from sensor_msgs.msg import CameraInfo, PointCloud2, PointField
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker

from lfm_ros.resources import config_dir
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import decode_points

TICK = "diagnostics_period:=0.1"
NO_CAMERA = "no calibrated camera_info"


@pytest.fixture(scope="module")
def lifter() -> Iterator[NodeProcess]:
    arguments = ["-p", TICK, "-p", "queue_depth:=100", "-p", "max_tracks:=4"]
    # Whoever is gone is gone: these tests are about single frames.
    with started("node", *arguments, "-p", "prediction_time:=0.0") as process:
        yield process


@pytest.fixture(scope="module")
def graph(lifter: NodeProcess) -> Iterator[Probe]:
    with probing() as probe:
        probe.await_lifter()
        yield probe


@pytest.fixture
def probe(graph: Probe) -> Probe:
    assert graph.call(Trigger, "lifter/reset", Trigger.Request()).success
    graph.forget()
    return graph


@pytest.fixture
def without_camera(probe: Probe) -> Probe:
    """The lifter as new: nothing but that makes it forget the camera."""
    for label in ("deactivate", "cleanup", "configure", "activate"):
        assert probe.transition(label)
    probe.await_answers(camera=False)
    assert probe.call(Trigger, "lifter/reset", Trigger.Request()).success
    probe.forget()
    return probe


@pytest.fixture(scope="module")
def clock() -> Iterator:
    return stamps()


def said(lifter: NodeProcess, since: int, text: str) -> int:
    """How many log lines contain a text since the log had a length."""
    return sum(text in line for line in lifter.output[since:].splitlines())


def cells(message: PointCloud2) -> np.ndarray:
    return np.frombuffer(message.data, np.float32).reshape(-1, 5).copy()


def big_endian(message: PointCloud2) -> None:
    message.is_bigendian = True


def no_confidence(message: PointCloud2) -> None:
    del message.fields[2]


def whole_pixels(message: PointCloud2) -> None:
    message.fields[0].datatype = PointField.INT32


def truncated(message: PointCloud2) -> None:
    message.data = message.data[:100]


def no_such_rig(message: PointCloud2) -> None:
    changed = cells(message)
    changed.view(np.int32)[:, 4] = 5
    message.data = changed.tobytes()


def nonsense_steps(message: PointCloud2) -> None:
    message.point_step = message.row_step = 0


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (big_endian, "big-endian"),
        (no_confidence, "has no field confidence"),
        (whole_pixels, "field u is int32"),
        (truncated, "is truncated: 100 bytes"),
        (no_such_rig, "skeleton index 5 in row 0"),
        (nonsense_steps, "beyond point_step 0"),
    ],
)
def test_unreadable_clouds(probe, lifter, clock, spoil, says):
    before = len(lifter.output)
    for _ in range(5):
        message = detections(next(clock))
        spoil(message)
        probe.send(message)
    assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD
    values = probe.values()
    assert (values["dropped"], values["dropped_message"], values["frames_out"]) == ("5", "5", "1")
    assert says in values["last_error"]
    assert said(lifter, before, says) == 1


@pytest.mark.parametrize(("width", "says"), [(16, "has only 16"), (18, "has more than 17")])
def test_other_number_of_keypoints_than_the_rig(probe, lifter, clock, width, says):
    before = len(lifter.output)
    probe.send(detections(next(clock), [width]))
    assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD
    assert probe.values()["dropped_message"] == "1"
    assert said(lifter, before, says) == 1


def nothing_seen(message: PointCloud2) -> None:
    changed = cells(message)
    changed[:, 2] = 0
    message.data = changed.tobytes()


def nan_pixels(message: PointCloud2) -> None:
    changed = cells(message)
    changed[:, :2] = np.nan
    message.data = changed.tobytes()


def one_place(message: PointCloud2) -> None:
    changed = cells(message)
    changed[:, :2] = 500
    message.data = changed.tobytes()


@pytest.mark.parametrize("spoil", [nothing_seen, nan_pixels, one_place])
def test_instances_without_keypoints_clear_the_markers(probe, lifter, clock, spoil):
    before = len(lifter.output)
    probe.lift(detections(next(clock)))
    for _ in range(3):
        message = detections(next(clock))
        spoil(message)
        assert probe.lift(message).markers[0].action == Marker.DELETE
        cloud = probe.cloud_of(message)
        assert np.isnan(decode_points(cloud).xyz).all()
        assert not cloud.is_dense
    assert probe.values()["noted_invalid_instances"] == "3"
    assert said(lifter, before, "1 of 1 instances were not lifted") == 1


def test_some_nan_pixels_and_those_at_zero_are_missing_keypoints(probe, clock):
    message = detections(next(clock))
    changed = cells(message)
    changed[3, 0] = np.nan
    changed[4, 1] = np.inf
    changed[5, 2] = np.nan
    changed[7, :2] = 0
    message.data = changed.tobytes()
    assert probe.lift(message).markers[0].action == Marker.ADD
    points = decode_points(probe.cloud_of(message))
    assert np.flatnonzero(~points.observed[0]).tolist() == [3, 4, 5, 7]
    assert np.isfinite(points.xyz).all()


def test_an_empty_cloud_without_any_field(probe, clock):
    empty = PointCloud2(header=Header(stamp=next(clock), frame_id="camera"), height=1)
    assert probe.lift(empty).markers[0].action == Marker.DELETE
    assert probe.values()["dropped"] == "0"


def test_a_thousand_instances(probe, lifter, clock):
    before = len(lifter.output)
    tf2_msgs = pytest.importorskip("tf2_msgs.msg", reason="needs tf2_msgs")
    probe.collect(tf2_msgs.TFMessage, "/tf", probe.transforms)
    probe.until(lambda: probe.lift(detections(next(clock))) and probe.transforms, "/tf")
    message = detections(next(clock), [17] * 1000, [0] * 1000)
    spheres, _ = probe.lift(message).markers
    assert len(spheres.points) == 17_000
    assert probe.cloud_of(message).height == 1000
    assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD
    assert probe.values()["noted_instances_without_tf"] == "996"
    assert said(lifter, before, "996 instances have no TF frame") == 1


def test_stamps_that_go_back(probe, lifter, clock):
    before = len(lifter.output)
    probe.lift(detections(next(clock)))
    for stamp, _ in zip(stamps(50.0), range(3), strict=False):
        assert probe.lift(detections(stamp)).markers[0].action == Marker.ADD
    assert probe.values()["noted_stamps_back"] == "1"
    assert said(lifter, before, "stamps of keypoints go back by") == 1


def test_a_stamp_before_1970_is_a_stamp(probe):
    assert probe.lift(detections(Time(sec=-7, nanosec=5))).markers[0].action == Marker.ADD
    assert probe.values()["dropped"] == "0"


def test_an_empty_frame_id_is_that_of_the_camera(probe, lifter, clock):
    before = len(lifter.output)
    for _ in range(3):
        markers = probe.lift(detections(next(clock), frame_id=""))
        assert markers.markers[0].header.frame_id == "camera_optical_frame"
    assert said(lifter, before, "keypoints have an empty frame_id") == 1


def test_an_empty_frame_id_without_a_camera_stays_empty(without_camera, lifter, clock):
    probe, before = without_camera, len(lifter.output)
    message = detections(next(clock), frame_id="")
    probe.send(message)
    assert probe.markers_of(message).markers[0].header.frame_id == ""
    assert said(lifter, before, "no TF is sent") == 1


def absent(probe: Probe, message: PointCloud2) -> None:
    """No CameraInfo at all."""


def all_zeros(probe: Probe, message: PointCloud2) -> None:
    probe.send_camera_info(CameraInfo(header=message.header, width=1280, height=720))


def not_a_number(probe: Probe, message: PointCloud2) -> None:
    info = camera_info(message.header, CAMERA)
    info.k[0] = float("nan")
    probe.send_camera_info(info)


def foreign_lens(probe: Probe, message: PointCloud2) -> None:
    info = camera_info(message.header, CAMERA)
    info.distortion_model = "mirror_ball"
    probe.send_camera_info(info)


@pytest.mark.parametrize(
    ("send_camera", "says"),
    [
        (absent, NO_CAMERA),
        (all_zeros, "is all zeros"),
        (not_a_number, "not finite"),
        (foreign_lens, "mirror_ball"),
    ],
)
def test_without_a_usable_camera_one_is_assumed(
    without_camera, lifter, clock, send_camera: Callable[[Probe, PointCloud2], None], says
):
    probe, before = without_camera, len(lifter.output)
    for _ in range(3):
        message = detections(next(clock))
        send_camera(probe, message)
        probe.send(message)
        assert probe.markers_of(message).markers[0].action == Marker.ADD
    values = probe.values()
    assert values["level"] == "1"
    assert values["camera"] == "assumed, 60 degrees wide"
    assert said(lifter, before, says) == 1
    assert said(lifter, before, NO_CAMERA) == 1
    probe.lift(detections(next(clock)))
    assert probe.values()["camera"] == "camera_info"


def test_require_camera_info_waits_for_one(clock):
    arguments = ["-p", TICK, "-p", "require_camera_info:=true"]
    with started("node", *arguments, namespace="strict"), probing("strict") as probe:
        probe.await_topics()

        def dropped() -> bool:
            probe.send(detections(next(clock)))
            return int(probe.values().get("dropped_no_camera", 0)) > 0

        probe.until(dropped, "a counted drop")
        assert not probe.clouds
        assert probe.values()["camera"] == "waiting for camera_info"
        assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD


def test_a_topic_of_another_type(probe, lifter, clock):
    before = len(lifter.output)
    with foreign_publisher(String, "keypoints") as publisher:
        probe.until(lambda: "std_msgs/msg/String" in probe.values()["message"], "a diagnosis")
        publisher.publish(String(data="hello"))
        assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD
    assert said(lifter, before, "is published as std_msgs/msg/String") == 1


def test_a_truncated_model_is_said_and_can_be_replaced(tmp_path: Path):
    whole = next(path.parent for path in sorted(config_dir().glob("models/*/manifest.yaml")))
    shutil.copytree(whole, tmp_path / "model")
    network = max((tmp_path / "model").glob("*.onnx"), key=lambda path: path.stat().st_size)
    for path in (tmp_path / "model").glob("*.onnx"):
        path.write_bytes(path.read_bytes()[: network.stat().st_size // 2])
    arguments = ["-p", TICK, "-p", f"model:={tmp_path / 'model'}"]
    with started("node", *arguments, namespace="broken") as process, probing("broken") as probe:
        probe.until(lambda: probe.values()["level"] == "2", "an ERROR in /diagnostics")
        assert "truncated" in probe.values()["message"]
        assert probe.state() == "unconfigured"
        assert said(process, 0, "configure failed") == 1
        shutil.copytree(whole, tmp_path / "model", dirs_exist_ok=True)
        assert probe.transition("configure"), process.output


def test_the_publisher_is_killed_and_comes_back():
    arguments = ["--params-file", str(config_dir() / "demo.yaml")]
    with started("node", *arguments, "-p", TICK, namespace="again"), probing("again") as probe:
        for _ in range(2):
            probe.forget()
            with started("player", *arguments, namespace="again") as player:
                probe.until(lambda: len(probe.clouds) >= 10, "lifted frames")
                player.kill()
        assert probe.values()["level"] == "0"
