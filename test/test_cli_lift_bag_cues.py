"""``lfm lift`` on recordings with depth images and transforms, whose metres are known."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import (
    BEGIN_NS,
    FRAME_ID,
    FRAMES,
    PERIOD_NS,
    SCENE,
    TYPES,
    camera_info,
    cloud,
    image,
    record_at,
    scene_frame,
    seen_depth,
    stamp,
    transform,
)
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin
from transforms3d.euler import euler2mat
from transforms3d.quaternions import quat2mat

from lfm_ros.bags.detections import DetectionBag
from lfm_ros.bags.lifting import lift_recording
from lfm_ros.bags.wishes import Wishes
from lfm_ros.cli import main
from lfm_ros.core.camera import LEVEL_UP, pitched_up
from lfm_ros.core.placement import size
from lfm_ros.core.rigid import Rigid
from lfm_ros.lifter import Lifter
from lfm_ros.scene.stage import CAMERA_FROM_WORLD, CAMERA_HEIGHT

MS = 1_000_000
RIGS = ",".join(rig.name for rig in SCENE.skeletons)
FRAMES_OF_TRUTH = [scene_frame(number) for number in range(FRAMES)]
# The camera of the scene stands still over the floor of "odom", however the lift below it moves.
TO_ODOM = Rigid(CAMERA_FROM_WORLD.T, np.array([0.0, 0.0, CAMERA_HEIGHT]))
TO_MAP = Rigid(euler2mat(0, 0, 0.7), np.array([5.0, -2.0, 0.5]))
# Metres and radians a second, and far enough between two transforms for the nearest to be wrong.
RISE, TURN = 0.8, 2.0


def moved_by(seconds: float) -> Rigid:
    return Rigid(euler2mat(0, 0, TURN * seconds), np.array([0, 0, RISE * seconds]))


def moving(period_ms: int, ahead_ms: int) -> list[tuple[int, Any]]:
    """Of the lift in "odom", or of the camera on the lift, so that the camera stands still."""
    told = []
    for ns in range(BEGIN_NS - ahead_ms * MS, stamp(FRAMES) + period_ms * MS, period_ms * MS):
        lift = moved_by((ns - BEGIN_NS) * 1e-9)
        one = ("odom", "lift", lift), ("lift", FRAME_ID, lift.inverse() @ TO_ODOM)
        told.append((ns + 9 * MS, transform(ns, *one[period_ms == 70])))
    return told


def camera_on_a_lift() -> dict[str, Any]:
    kind = "tf2_msgs/msg/TFMessage"
    fixed = transform(0, "/map", "/odom", TO_MAP)
    return {
        "/tf": (TYPES, kind, moving(100, 130) + moving(70, 90)),
        # Said late, as by a node that started after the recording.
        "/tf_static": (TYPES, kind, [(stamp(FRAMES), fixed)]),
    }


def detections(seconds_late: float = 0.02) -> dict[str, Any]:
    late = round(seconds_late * 1e9)
    found = [(stamp(n) + late, cloud(stamp(n), frame)) for n, frame in enumerate(FRAMES_OF_TRUTH)]
    return {
        "/front/keypoints": (TYPES, "sensor_msgs/msg/PointCloud2", found),
        "/front/camera_info": (
            TYPES,
            "sensor_msgs/msg/CameraInfo",
            [(stamp(n), camera_info(stamp(n))) for n in range(FRAMES)],
        ),
    }


depth_of = lru_cache(lambda number: seen_depth(FRAMES_OF_TRUTH[number]))


def depth_images(encoding: str, seconds_late: float, off_ms: int = 0) -> dict[str, Any]:
    """A depth image a frame, stamped a little off."""
    late = round(seconds_late * 1e9)
    images = []
    for number in range(FRAMES):
        metres = depth_of(number)
        pixels = metres.astype("<f4") if encoding == "32FC1" else (1000 * metres).astype("<u2")
        told = image(stamp(number) + off_ms * MS, pixels, encoding)
        images.append((stamp(number) + late, told))
    return {"/depth/image": (TYPES, "sensor_msgs/msg/Image", images)}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The depth image of a frame is recorded after its detections."""
    topics = detections() | camera_on_a_lift() | depth_images("16UC1", 0.03)
    return record_at(tmp_path_factory.mktemp("recorded") / "bag", StoragePlugin.MCAP, topics)


def lift(bag: Path, folder: Path, *options: str | Path) -> dict[str, np.ndarray]:
    out = folder / "out.npz"
    arguments = ["lift", bag, "--output", out, "--skeleton", RIGS, "--model", "lfm_tiny", *options]
    assert main([str(one) for one in arguments]) == 0
    with np.load(out, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def errors(out: dict[str, np.ndarray], to_target: Rigid | None = None, **of: bool) -> np.ndarray:
    """How far off the middle of each instance is, as a share of its distance from the camera.

    With names of rigs, only those.
    """
    off = []
    for row, (frame, skeleton) in enumerate(zip(out["frame"], out["skeleton"], strict=True)):
        truth = FRAMES_OF_TRUTH[frame]
        (mine,) = np.flatnonzero(truth.instance_id == out["instance_id"][row])
        if of and SCENE.skeletons[skeleton].name not in of:
            continue
        there = truth.truth_valid[mine]
        wanted, points = truth.truth[mine][there], out["points"][row][: len(there)][there]
        far = np.linalg.norm(wanted.mean(0))
        wanted = wanted if to_target is None else to_target.apply(wanted)
        off.append(np.linalg.norm((points - wanted).mean(0)) / far)
    assert off
    return np.array(off)


@pytest.mark.parametrize(
    ("storage", "encoding"), [(StoragePlugin.MCAP, "16UC1"), (StoragePlugin.SQLITE3, "32FC1")]
)
def test_depth_tells_distances(storage, encoding, tmp_path, capsys):
    """By 2 %, where the usual sizes are wrong by several times that."""
    topics = detections() | depth_images(encoding, 0.03, off_ms=4)
    bag = record_at(tmp_path / "bag", storage, topics)
    guessed = lift(bag, tmp_path)
    assert set(guessed["scale_source"]) == {"nominal"}
    out = lift(bag, tmp_path, "--depth", "/depth/image")
    assert set(out["scale_source"]) == {"depth"}
    assert np.median(errors(guessed)) > 0.05
    assert np.median(errors(out)) < 0.02
    assert errors(out).max() < 0.08
    assert "note" not in capsys.readouterr().err


@pytest.mark.parametrize(("detector_late", "depth_late"), [(0.8, 0.0), (0.0, 0.4)])
def test_detections_and_depth_find_each_other_by_their_stamps(detector_late, depth_late, tmp_path):
    topics = detections(detector_late) | depth_images("16UC1", depth_late)
    bag = record_at(tmp_path / "bag", StoragePlugin.MCAP, topics)
    out = lift(bag, tmp_path, "--depth", "/depth/image")
    assert set(out["scale_source"]) == {"depth"}
    assert out["frame_stamp_ns"].tolist() == [stamp(number) for number in range(FRAMES)]
    # The image of another frame would do worse: things move.
    assert np.median(errors(out)) < 0.02


def test_depth_of_another_time_is_not_used_and_that_is_said_once(tmp_path, capsys):
    topics = detections() | depth_images("16UC1", 0.03, off_ms=51 + FRAMES * PERIOD_NS // MS)
    bag = record_at(tmp_path / "bag", StoragePlugin.MCAP, topics)
    out = lift(bag, tmp_path, "--depth", "/depth/image")
    assert set(out["scale_source"]) == {"nominal"}
    said = [line for line in capsys.readouterr().err.splitlines() if "depth" in line]
    assert len(said) == 1
    assert said[0].startswith(f"note: {FRAMES} times: no depth image within 50 ms")


def test_images_that_hold_no_depth_are_said(tmp_path, capsys):
    colour = [(stamp(n), image(stamp(n), np.zeros((4, 4, 3), np.uint8), "rgb8")) for n in range(2)]
    topics = detections() | {"/image": (TYPES, "sensor_msgs/msg/Image", colour)}
    bag = record_at(tmp_path / "bag", StoragePlugin.MCAP, topics)
    assert set(lift(bag, tmp_path, "--depth", "/image")["scale_source"]) == {"nominal"}
    assert re.search("2 times: depth is ignored: .*'rgb8'", capsys.readouterr().err)


@pytest.mark.parametrize("frame", ["odom", "lift", "map"])
def test_what_stands_is_put_on_the_ground(frame, everything, tmp_path):
    """The floor is that of odom; 0.5 m higher, or rising, people come out nearer."""
    out = lift(everything, tmp_path, "--ground-frame", frame, "--gravity-frame", "odom")
    standing = ["scene_person", "scene_chair"]
    rows = np.isin([SCENE.skeletons[i].name for i in out["skeleton"]], standing)
    assert set(out["scale_source"][rows]) == {"ground"}
    # How far off the chair is says more of its shape, the network's weakest here.
    off = errors(out, scene_person=True)
    if frame == "odom":
        assert np.median(off) < 0.03
        assert off.max() < 0.06
    if frame == "map":
        assert np.median(off) > 0.2
    if frame == "lift":
        assert off[0] < 0.06 < off[-1]


def test_without_tf_the_camera_s_height_tells_the_ground(everything, tmp_path):
    by_frame = lift(everything, tmp_path, "--ground-frame", "odom", "--gravity-frame", "odom")
    height = ("--ground", str(CAMERA_HEIGHT), "--gravity-frame", "odom")
    by_height = lift(everything, tmp_path, *height)
    assert "ground" in by_height["scale_source"]
    np.testing.assert_array_equal(by_height["scale_source"], by_frame["scale_source"])
    np.testing.assert_allclose(by_height["points"], by_frame["points"], rtol=1e-3, atol=1e-3)


def test_the_ground_is_known_between_two_transforms(everything, tmp_path):
    """Two transforms that turn and rise against each other, told at different times."""
    out = lift(everything, tmp_path, "--ground-frame", "odom", "--gravity-frame", "odom")
    with Lifter.from_pretrained("lfm_tiny") as lifter:
        for number, frame in enumerate(FRAMES_OF_TRUTH):
            rigs = [SCENE.skeletons[index] for index in frame.skeleton]
            up = CAMERA_FROM_WORLD @ [0.0, 0.0, 1.0]
            exact = lifter.lift(
                frame.keypoints,
                frame.confidence,
                SCENE.camera,
                rigs,
                up=up,
                ground=[*up, CAMERA_HEIGHT],
            )
            rows = out["frame"] == number
            points = np.where(exact.known[..., None], exact.points, np.nan)
            np.testing.assert_allclose(out["points"][rows], points, rtol=1e-3, atol=1e-3)


def test_gravity_is_that_of_its_frame(everything, tmp_path):
    frame = FRAMES_OF_TRUTH[0]
    rigs = [SCENE.skeletons[index] for index in frame.skeleton]
    outs = {
        "odom": lift(everything, tmp_path, "--gravity-frame", "odom"),
        "level": lift(everything, tmp_path),
        "pitched": lift(everything, tmp_path, "--camera-pitch", "20"),
        "none": lift(everything, tmp_path, "--gravity", "none"),
    }
    ups = {"odom": CAMERA_FROM_WORLD @ [0.0, 0.0, 1.0], "level": LEVEL_UP, "none": None}
    ups["pitched"] = pitched_up(20)
    with Lifter.from_pretrained("lfm_tiny") as lifter:
        for name, out in outs.items():
            exact = lifter.lift(frame.keypoints, frame.confidence, SCENE.camera, rigs, up=ups[name])
            rows = out["frame"] == 0
            points = np.where(exact.known[..., None], exact.points, np.nan)
            np.testing.assert_allclose(out["points"][rows], points, rtol=1e-3, atol=1e-3)


def test_results_come_in_the_target_frame(everything, tmp_path):
    files = {"": tmp_path / "here.mcap", "map": tmp_path / "there.mcap"}
    here, there = (
        lift(
            everything, tmp_path, "--depth", "/depth/image", "--target-frame", frame, "--mcap", file
        )
        for frame, file in files.items()
    )
    to_map = TO_MAP @ TO_ODOM
    assert set(here["frame_id"]) == {FRAME_ID}
    assert set(there["frame_id"]) == {"map"}
    np.testing.assert_allclose(there["points"], to_map.apply(here["points"]), rtol=0, atol=1e-4)
    assert np.median(errors(there, to_map)) < 0.02
    own, seen = (last_messages(file) for file in files.values())
    headers = [seen["/keypoints_3d"].header, *(one.header for one in seen["/markers"].markers)]
    headers += [one.header for one in seen["/tf"].transforms]
    assert {header.frame_id for header in headers} == {"map"}
    for mine, its in zip(own["/tf"].transforms, seen["/tf"].transforms, strict=True):
        moved = to_map @ rigid(mine.transform)
        np.testing.assert_allclose(rigid(its.transform).shift, moved.shift, atol=1e-4)
        np.testing.assert_allclose(rigid(its.transform).rotation, moved.rotation, atol=1e-4)


@pytest.mark.parametrize("target", ["map", "lift"])
def test_everything_is_moved_by_the_transform_of_the_images_moment(target, everything):
    """The lift turns and rises by 40 mrad and 16 mm in the 20 ms that the detector takes."""
    moments = []
    with Lifter.from_pretrained("lfm_tiny") as lifter:
        for frame in ("", target):
            wishes = Wishes(skeletons=tuple(RIGS.split(",")), target_frame=frame)
            with DetectionBag(everything, wishes) as bag:
                moments.append(list(lift_recording(bag, lifter, camera=SCENE.camera)))
    for here, there in zip(*moments, strict=True):
        seconds = (here.frame.stamp_ns - BEGIN_NS) * 1e-9
        moved = TO_MAP @ TO_ODOM if target == "map" else moved_by(seconds).inverse() @ TO_ODOM
        mine, its = here.tracked, there.tracked
        assert mine.valid.all()
        np.testing.assert_allclose(its.points, moved.apply(mine.points), atol=1e-4)
        np.testing.assert_allclose(its.middle, moved.apply(mine.middle), atol=1e-4)
        np.testing.assert_allclose(its.orientation, moved.rotation @ mine.orientation, atol=1e-3)
        np.testing.assert_array_equal(its.sigma, mine.sigma)


def last_messages(recording: Path) -> dict[str, Any]:
    with AnyReader([recording]) as reader:
        return {
            connection.topic: reader.deserialize(data, connection.msgtype)
            for connection, _, data in reader.messages()
        }


def rigid(transform: Any) -> Rigid:
    shift, turn = transform.translation, transform.rotation
    rotation = quat2mat([turn.w, turn.x, turn.y, turn.z])
    return Rigid(rotation, np.array([shift.x, shift.y, shift.z]))


def test_known_sizes_are_taken(everything, tmp_path, capsys):
    rig = SCENE.skeletons[0]
    truth = FRAMES_OF_TRUTH[0].truth[0:1, : len(rig)].astype(float)
    known = size(truth, rig)[0]
    out = lift(everything, tmp_path, "--known-size", f"{rig.name}:{known:.3f}")
    mine = out["skeleton"] == 0
    assert set(out["scale_source"][mine]) == {"known"}
    assert set(out["scale_source"][~mine]) == {"nominal"}
    capsys.readouterr()
    larger = lift(everything, tmp_path, "--known-size", f"{rig.name}:{2.5 * known:.3f}")
    assert capsys.readouterr().err.startswith(f"note: known size of {rig.name}: ")
    far, near = (np.nanmedian(one["points"][mine][..., 2]) for one in (larger, out))
    assert far == pytest.approx(2.5 * near, rel=0.01)


def test_a_frame_that_falls_silent_is_done_without_and_said_once(tmp_path, capsys):
    told = camera_on_a_lift()
    kind, messages = told["/tf"][1:]
    told["/tf"] = TYPES, kind, [one for one in messages if one[0] < BEGIN_NS]
    bag = record_at(tmp_path / "bag", StoragePlugin.MCAP, detections() | told)
    out = lift(bag, tmp_path, "--ground-frame", "odom", "--gravity-frame", "map")
    assert set(out["scale_source"]) == {"nominal"}
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert re.match(rf"note: {FRAMES} times: lifted without knowing 'map': .*ends before", said[0])
    assert "'odom'" in said[1]


def test_frames_that_cannot_be_brought_to_the_target_are_left_out(tmp_path, capsys):
    told = camera_on_a_lift()
    kind, messages = told["/tf"][1:]
    told["/tf"] = TYPES, kind, [one for one in messages if one[0] < stamp(4)]
    bag = record_at(tmp_path / "bag", StoragePlugin.SQLITE3, detections() | told)
    out = lift(bag, tmp_path, "--target-frame", "map")
    assert 0 < len(out["frame_stamp_ns"]) < FRAMES
    assert re.search("times: frame not lifted: .*ends before the image", capsys.readouterr().err)


def test_the_cameras_own_frame_can_be_named(everything, tmp_path):
    out = lift(everything, tmp_path, "--frame-id", "lift", "--target-frame", "odom")
    assert set(out["frame_id"]) == {"odom"}
    assert lift(everything, tmp_path, "--frame-id", "nose")["frame_id"][0] == "nose"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--depth", "/nowhere"], r"no depth images .*on /nowhere; it has images on /depth/image"),
        (["--target-frame", "moon"], r"target_frame 'moon' is not in .*/tf, which has .*odom"),
        (["--ground-frame", "moon"], "ground_frame 'moon' is not in"),
        (["--ground", "0"], "height 0; give metres above 0"),
        (["--ground", "0,-1,0,1.5"], "of a recording give the camera's height"),
        (["--gravity-frame", "moon", "--mcap", "MCAP"], "gravity_frame 'moon' is not in"),
        (
            ["--frame-id", "nose", "--target-frame", "map"],
            "(?s)8 times.*'nose'.*nothing was lifted",
        ),
        (["--known-size", "coco18:2"], "'coco18', which is not one of the rigs in use"),
        (["--known-size", "5.3"], "has '5.3'; write it like 'scene_person: "),
        (["--known-size", "scene_person:tall"], "metres above 0"),
    ],
)
def test_what_cannot_be_done_is_said(everything, arguments, message, tmp_path, capsys):
    arguments = [tmp_path / "out.mcap" if one == "MCAP" else one for one in arguments]
    arguments = ["--output", tmp_path / "out.npz", "--skeleton", RIGS, *arguments]
    assert main(["lift", str(everything), *map(str, arguments)]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not list(tmp_path.iterdir())
