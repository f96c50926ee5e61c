"""``lfm lift`` on recordings: mcap and sqlite3, without ROS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import (
    FRAME_ID,
    FRAMES,
    SCENE,
    TYPES,
    camera_info,
    cloud,
    header,
    record,
    scene_frame,
    stamp,
)
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from lfm_ros import Lifter
from lfm_ros.bags.detections import DetectionBag
from lfm_ros.bags.lifting import lift_recording
from lfm_ros.bags.wishes import Wishes
from lfm_ros.cli import main
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.fields import message_class
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.clouds import decode_points
from lfm_ros.skeletons import load_skeleton

ROOT = Path(__file__).resolve().parents[1]
# The fields of yolo_msgs that are read; a recording brings its own definitions.
YOLO = {
    "yolo_msgs/msg/Point2D": "float64 x\nfloat64 y",
    "yolo_msgs/msg/KeyPoint2D": "int32 id\nyolo_msgs/Point2D point\nfloat64 score",
    "yolo_msgs/msg/KeyPoint2DArray": "yolo_msgs/KeyPoint2D[] data",
    "yolo_msgs/msg/Detection": "int32 class_id\nstring class_name\nfloat64 score\nstring id\n"
    "yolo_msgs/KeyPoint2DArray keypoints",
    "yolo_msgs/msg/DetectionArray": "std_msgs/Header header\nyolo_msgs/Detection[] detections",
}


def detections(types: Any, stamp_ns: int, frame: Any, rig: Skeleton) -> Any:
    def detection(row: int) -> Any:
        points = [
            kind["yolo_msgs/msg/KeyPoint2D"](
                k + 1, kind["yolo_msgs/msg/Point2D"](*map(float, uv)), 0.9
            )
            for k, uv in enumerate(frame.keypoints[row, : len(rig)])
            if frame.confidence[row, k] > 0
        ]
        array = kind["yolo_msgs/msg/KeyPoint2DArray"](points)
        return kind["yolo_msgs/msg/Detection"](0, "person", 0.9, "7", array)

    kind = types.types
    people = [row for row, index in enumerate(frame.skeleton) if SCENE.skeletons[index] is rig]
    return kind["yolo_msgs/msg/DetectionArray"](header(stamp_ns), [detection(r) for r in people])


def clouds(path: Path, storage: StoragePlugin = StoragePlugin.MCAP, camera: bool = True) -> Path:
    frames = [cloud(stamp(n), scene_frame(n)) for n in range(FRAMES)]
    topics = {"/front/keypoints": (TYPES, "sensor_msgs/msg/PointCloud2", frames)}
    if camera:
        infos = [camera_info(stamp(n)) for n in range(FRAMES)]
        topics["/front/camera_info"] = (TYPES, "sensor_msgs/msg/CameraInfo", infos)
    return record(path, storage, topics)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clouds(tmp_path_factory.mktemp("recorded") / "bag")


def rigs() -> str:
    return ",".join(rig.name for rig in SCENE.skeletons)


def lift(*arguments: str | Path) -> int:
    return main(["lift", *map(str, arguments), "--model", "lfm_tiny"])


def lifted(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize("storage", list(StoragePlugin), ids=lambda kind: kind.name)
def test_a_recording_of_clouds(storage, tmp_path, capsys):
    bag = clouds(tmp_path / "bag", storage)
    assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", rigs()) == 0
    out = lifted(tmp_path / "out.npz")
    truth = [scene_frame(n) for n in range(FRAMES)]
    assert out["frame_stamp_ns"].tolist() == [stamp(n) for n in range(FRAMES)]
    assert len(out["points"]) == sum(map(len, truth))
    assert out["valid"].all()
    assert out["instance_id"].tolist() == [i for frame in truth for i in frame.instance_id]
    assert [s["name"] for s in json.loads(str(out["skeletons"]))] == rigs().split(",")
    assert "8 frames" in capsys.readouterr().out
    check_against(truth, out)


def check_against(truth: list[Any], out: dict[str, np.ndarray]) -> None:
    """Every point lies on its ray, and at about the right distance: the camera was understood."""
    for frame, of in zip(truth, range(FRAMES), strict=True):
        for mine, row in enumerate(np.flatnonzero(out["frame"] == of)):
            seen = (frame.confidence[mine] > 0) & out["observed"][row]
            pixels = SCENE.camera.project(out["points"][row][seen])
            np.testing.assert_allclose(pixels, frame.keypoints[mine][seen], atol=0.5)
            there = frame.truth_valid[mine]
            far = np.linalg.norm(frame.truth[mine][there].mean(0))
            off = np.linalg.norm((out["points"][row] - frame.truth[mine])[there].mean(0))
            assert off < 0.5 * far


def test_one_file_of_a_recording_is_one_too(bag, tmp_path):
    (file,) = bag.glob("*.mcap")
    assert lift(file, "--output", tmp_path / "out.npz", "--skeleton", rigs()) == 0
    assert lifted(tmp_path / "out.npz")["valid"].all()


def test_detections_of_another_package(tmp_path, capsys):
    """The recording brings the definitions, and classes choose the rig."""
    types = get_typestore(Stores.ROS2_JAZZY)
    for name, text in YOLO.items():
        types.register(get_types_from_msg(text, name))
    rig = load_skeleton("scene_person")
    SCENE.skeletons[[s.name for s in SCENE.skeletons].index(rig.name)] = rig
    messages = [detections(types, stamp(n), scene_frame(n), rig) for n in range(FRAMES)]
    topics = {"/yolo/tracking": (types, "yolo_msgs/msg/DetectionArray", messages)}
    topics["/camera_info"] = (
        TYPES,
        "sensor_msgs/msg/CameraInfo",
        [camera_info(stamp(n)) for n in range(FRAMES)],
    )
    bag = record(tmp_path / "bag", StoragePlugin.MCAP, topics)
    chosen = ("--class-skeleton", "person:scene_person")
    surer = ("--min-detection-confidence", "0.95")
    assert lift(bag, "--output", tmp_path / "out.npz", *chosen, *surer) == 0
    assert not len(lifted(tmp_path / "out.npz")["valid"])
    # These count from 1, so that from 0 one of them is too many.
    assert lift(bag, "--output", tmp_path / "out.npz", *chosen, "--keypoint-id-base", "0") == 2
    assert "keypoint 22 is not one of the 22" in capsys.readouterr().err
    assert lift(bag, "--output", tmp_path / "out.npz", *chosen) == 0
    out = lifted(tmp_path / "out.npz")
    assert len(out["valid"]) >= FRAMES
    assert out["valid"].all()
    assert set(out["instance_id"].tolist()) == {7}
    names = [s["name"] for s in json.loads(str(out["skeletons"]))]
    assert {names[index] for index in out["skeleton"]} == {"scene_person"}


HRI = {
    "hri_msgs/msg/NormalizedPointOfInterest2D": "float32 x\nfloat32 y\nfloat32 c",
    "hri_msgs/msg/Skeleton2D": "std_msgs/Header header\n"
    "hri_msgs/NormalizedPointOfInterest2D[18] skeleton",
}


def hri_bag(path: Path, shifts: dict[str, float]) -> Path:
    """Bodies by their ids, each moved to the right by a share of the image."""
    types = get_typestore(Stores.ROS2_JAZZY)
    for name, text in HRI.items():
        types.register(get_types_from_msg(text, name))
    point = types.types["hri_msgs/msg/NormalizedPointOfInterest2D"]
    body = types.types["hri_msgs/msg/Skeleton2D"]
    shape = np.random.default_rng(0).uniform(0.3, 0.6, (18, 2))

    def bodies(shift: float) -> list[Any]:
        points = [point(float(x) + shift, float(y), 0.9) for x, y in shape]
        return [body(header(stamp(number)), points) for number in range(FRAMES)]

    infos = [camera_info(stamp(number)) for number in range(FRAMES)]
    topics = {"/camera_info": (TYPES, "sensor_msgs/msg/CameraInfo", infos)}
    for name, shift in shifts.items():
        topic = f"/humans/bodies/{name}/skeleton2d"
        topics[topic] = (types, "hri_msgs/msg/Skeleton2D", bodies(shift))
    return record(path, StoragePlugin.MCAP, topics)


def test_one_topic_a_body(tmp_path):
    """Shares of the image, in messages that have to be put together by their stamps."""
    recording = hri_bag(tmp_path / "bag", {"f3a7": 0.0, "12": 0.3})
    assert lift(recording, "--output", tmp_path / "out.npz") == 0
    out = lifted(tmp_path / "out.npz")
    assert out["frame_stamp_ns"].tolist() == [stamp(number) for number in range(FRAMES)]
    assert out["points"].shape[:2] == (2 * FRAMES, 17)
    assert {identity("f3a7"), 12} == set(out["instance_id"].tolist())
    first = out["keypoints"][out["instance_id"] == 12][0]
    assert (first[:, 0] > 0.59 * SCENE.camera.size[0]).all()


def test_who_is_alone_keeps_the_id_too(tmp_path):
    recording = hri_bag(tmp_path / "bag", {"12": 0.3})
    assert lift(recording, "--output", tmp_path / "out.npz") == 0
    assert lifted(tmp_path / "out.npz")["instance_id"].tolist() == [12] * FRAMES


def test_the_mcap_holds_what_the_node_publishes(bag, tmp_path):
    written = tmp_path / "out.mcap"
    assert lift(bag, "--output", tmp_path / "o.npz", "--mcap", written, "--skeleton", rigs()) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.npz", "out.mcap"]
    out = lifted(tmp_path / "o.npz")
    with AnyReader([written]) as reader:
        found: dict[str, list[Any]] = {}
        for connection, recorded, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            found.setdefault(connection.topic, []).append((recorded, message))
    assert {topic: len(messages) for topic, messages in found.items()} == {
        **dict.fromkeys(("/markers", "/keypoints_3d", "/tf"), FRAMES),
        "/skeletons": 1,
    }
    recorded, points = found["/keypoints_3d"][3]
    assert recorded == stamp(3) + 5_000_000
    assert points.header.stamp.sec * 10**9 + points.header.stamp.nanosec == stamp(3)
    assert points.header.frame_id == FRAME_ID
    rows = out["frame"] == 3
    assert (points.height, points.width) == out["points"][rows].shape[:2]
    xyz = (
        points.data.reshape(points.height, points.width, points.point_step)[..., :12]
        .copy()
        .view(np.float32)
    )
    np.testing.assert_array_equal(xyz, out["points"][rows])
    spheres, lines = found["/markers"][3][1].markers
    assert len(spheres.points) == np.isfinite(out["points"][rows]).all(-1).sum()
    assert len(lines.points) == 2 * sum(
        len(SCENE.skeletons[i].edges) for i in out["skeleton"][rows]
    )
    assert len(spheres.colors) == len(spheres.points)
    assert len(lines.colors) == len(lines.points)
    frames = [t.child_frame_id for t in found["/tf"][3][1].transforms]
    assert frames == [f"lfm_{slot}" for slot in range(rows.sum())]


def seven(transform: Any) -> list[float]:
    """Translation and rotation, as any of the two kinds of message has them."""
    shift, turn = transform.transform.translation, transform.transform.rotation
    return [shift.x, shift.y, shift.z, turn.x, turn.y, turn.z, turn.w]


@pytest.mark.parametrize("smoothing", ["none", "constant_velocity"])
def test_tf_of_a_recording_is_that_of_the_node(bag, smoothing, tmp_path):
    node = pytest.importorskip("lfm_ros.ros.transforms", reason="no ROS 2 here")
    frames = pytest.importorskip("lfm_ros.ros.lifted_frame", reason="no ROS 2 here")
    parameters = pytest.importorskip("lfm_ros.ros.parameters", reason="no ROS 2 here")
    written, named = tmp_path / "o.mcap", [rig.name for rig in SCENE.skeletons]
    arguments = ["--skeleton", ",".join(named), "--smoothing", smoothing]
    assert lift(bag, "--output", tmp_path / "o.npz", "--mcap", written, *arguments) == 0
    with AnyReader([written]) as reader:
        connections = [c for c in reader.connections if c.topic == "/tf"]
        found = [reader.deserialize(raw, c.msgtype) for c, _, raw in reader.messages(connections)]
    settings = parameters.LifterParameters()
    builder = node.TransformBuilder(SCENE.skeletons, settings)
    strength = settings.smoothing_strength if smoothing != "none" else 0.0
    with (
        DetectionBag(bag, Wishes(skeletons=tuple(named))) as recorded,
        Lifter.from_pretrained("lfm_tiny") as lifter,
    ):
        moments = lift_recording(recorded, lifter, camera=SCENE.camera, smoothing=smoothing)
        for moment, message in zip(moments, found, strict=True):
            seen = frames.LiftedFrame(
                message.transforms[0].header.stamp,
                moment.frame_id,
                moment.tracked,
                recorded.rigs,
                moment.confidence,
            )
            expected, _ = builder.build(seen, keypoints=False, strength=strength)
            assert [t.child_frame_id for t in message.transforms] == [
                t.child_frame_id for t in expected
            ]
            for one, other in zip(message.transforms, expected, strict=True):
                np.testing.assert_allclose(seven(one), seven(other), atol=1e-6)


def test_ros_reads_the_mcap(bag, tmp_path):
    """The bytes are those of real messages, as any subscriber of a replay will find."""
    rclpy = pytest.importorskip("rclpy.serialization", reason="no ROS 2 here")
    written = tmp_path / "out.mcap"
    assert lift(bag, "--output", tmp_path / "o.npz", "--mcap", written, "--skeleton", rigs()) == 0
    with AnyReader([written]) as reader:
        for connection, _, data in reader.messages():
            message = rclpy.deserialize_message(data, message_class(connection.msgtype))
            assert message.get_fields_and_field_types()
            if connection.topic == "/keypoints_3d":
                assert np.isfinite(decode_points(message).xyz).any()
            if connection.topic == "/markers":
                assert [marker.ns for marker in message.markers] == ["keypoints", "edges"]


def test_without_a_camera_one_is_assumed_and_it_is_said(tmp_path, capsys):
    bag = clouds(tmp_path / "bag", camera=False)
    assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", rigs()) == 0
    assert "60 degrees is assumed" in capsys.readouterr().err


def test_a_rig_that_is_assumed_is_said(bag, tmp_path, capsys):
    assert lift(bag, "--output", tmp_path / "out.npz") == 2
    assert "taken for coco17; give --skeleton" in capsys.readouterr().err
    assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", rigs()) == 0
    assert "taken for" not in capsys.readouterr().err


def test_a_camera_on_the_command_line_goes_first(bag, tmp_path, capsys):
    outs = []
    for name, camera in (("a", ()), ("b", ("--camera", "3000,3000,640,360,1280,720"))):
        assert lift(bag, "--output", tmp_path / f"{name}.npz", "--skeleton", rigs(), *camera) == 0
        outs.append(lifted(tmp_path / f"{name}.npz")["points"])
    assert np.nanmedian(outs[1][..., 2]) > 2 * np.nanmedian(outs[0][..., 2])
    assert "assumed" not in capsys.readouterr().err


def test_the_camera_of_the_rectified_image_is_told_apart(tmp_path):
    wide = Intrinsics.from_field_of_view(2.0, SCENE.camera.size)
    found = [cloud(stamp(n), scene_frame(n)) for n in range(FRAMES)]
    infos = [camera_info(stamp(n), wide) for n in range(FRAMES)]
    topics = {
        "/front/keypoints": (TYPES, "sensor_msgs/msg/PointCloud2", found),
        "/front/camera_info": (TYPES, "sensor_msgs/msg/CameraInfo", infos),
    }
    bag = record(tmp_path / "bag", StoragePlugin.MCAP, topics)
    for camera, options in ((SCENE.camera, ()), (wide, ("--rectified",))):
        assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", rigs(), *options) == 0
        out = lifted(tmp_path / "out.npz")
        seen = out["observed"] & np.isfinite(out["points"]).all(-1)
        pixels = camera.project(out["points"][seen])
        np.testing.assert_allclose(pixels, out["keypoints"][seen], atol=0.5)


def test_a_recording_of_which_nothing_can_be_lifted_is_an_error(bag, tmp_path, capsys):
    assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", "coco17") == 2
    said = capsys.readouterr().err
    assert "note: 8 times: skeleton index" in said
    assert "nothing was lifted" in said
    assert not list(tmp_path.iterdir())


def test_a_recording_of_an_empty_scene_is_lifted(tmp_path):
    nobody = [cloud(stamp(n), scene_frame(n)) for n in range(FRAMES)]
    for message in nobody:
        message.height, message.row_step, message.data = 0, 0, message.data[:0]
    topics = {"/keypoints": (TYPES, "sensor_msgs/msg/PointCloud2", nobody)}
    bag = record(tmp_path / "bag", StoragePlugin.MCAP, topics)
    assert lift(bag, "--output", tmp_path / "out.npz", "--skeleton", "coco17") == 0
    out = lifted(tmp_path / "out.npz")
    assert out["frame_stamp_ns"].shape == (FRAMES,)
    assert out["points"].shape == (0, 17, 3)
    assert out["scale_source"].shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--topic", "/nowhere"], r"no detections on /nowhere.*/front/keypoints"),
        (["--camera-info", "/rear/camera_info"], r"no CameraInfo on /rear.*/front/camera_info"),
        (["--array", "uv"], "--array is for .npz"),
        (["--input-type", "vision_msgs/msg/Detection2DArray"], "no detections on any topic"),
        (["--mcap", "out.bag"], "not an .mcap path"),
        (["--skeleton", "coco18"], "'coco18' is not known"),
        (["--keypoint-map", "nose:nose"], "keypoint_map"),
    ],
)
def test_what_cannot_be_done_is_said(bag, arguments, message, tmp_path, capsys):
    assert lift(bag, "--output", tmp_path / "out.npz", *arguments) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_what_is_read_is_never_replaced(tmp_path, capsys):
    recording = clouds(tmp_path / "bag")
    (file,) = recording.glob("*.mcap")
    (tmp_path / "link.mcap").symlink_to(file)
    before = file.read_bytes()
    for source, written in ((file, file), (recording, file), (file, tmp_path / "link.mcap")):
        assert lift(source, "--output", tmp_path / "o.npz", "--mcap", written) == 2
        assert f"--mcap {written} is what is read, and would be lost" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_file_that_is_none_is_named(tmp_path, capsys):
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"this is no recording")
    assert lift(broken, "--output", tmp_path / "out.npz") == 2
    assert "broken.mcap cannot be read as a recording" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["file", "folder"])
def test_a_recording_that_breaks_off_is_told_how_to_save(named, tmp_path, capsys):
    folder = clouds(tmp_path / "bag")
    (file,) = folder.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    source = file if named == "file" else folder
    assert lift(source, "--output", tmp_path / "out.npz") == 2
    said = capsys.readouterr().err
    assert f"{file} breaks off" in said
    assert f"`mcap recover {file} -o {file.with_name(file.stem + '_recovered.mcap')}`" in said


def test_options_of_recordings_are_refused_for_arrays(tmp_path, capsys):
    np.savez(tmp_path / "in.npz", keypoints=np.zeros((1, 17, 2)))
    assert lift(tmp_path / "in.npz", "--output", tmp_path / "o.npz", "--topic", "/a") == 2
    assert "--topic is for recordings" in capsys.readouterr().err


def test_no_ros_is_needed(bag, tmp_path):
    without_ros = f"""
import sys
class NoRos:
    def find_spec(self, name, *_):
        package = name.split(".")[0]
        if package.endswith("_msgs") or package in {{"rclpy", "builtin_interfaces"}}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoRos())
from lfm_ros.cli import main
arguments = [{str(bag)!r}, "--output", {str(tmp_path / "out.npz")!r}, "--skeleton", {rigs()!r}]
sys.exit(main(["lift", *arguments, "--mcap", {str(tmp_path / "o.mcap")!r}, "--model", "lfm_tiny"]))
"""
    command = [sys.executable, "-c", without_ros]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert lifted(tmp_path / "out.npz")["valid"].all()
