"""The node's parts one by one: slots, worker, cameras, complaints, markers, transforms."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from itertools import product
from string import ascii_lowercase
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from transforms3d.quaternions import quat2mat

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import MessageError
from lfm_ros.core.rigid import Rigid
from lfm_ros.core.rotations import angle_between, matrix_from_rotvec
from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.first_seen import FirstSeen
from lfm_ros.ros.camera_cache import CameraCache
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import decode_points
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.lifted_cloud import CloudBuilder
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.markers import MarkerBuilder
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.slots import TrackSlots
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.transforms import TransformBuilder
from lfm_ros.ros.worker import Worker
from lfm_ros.tracked import Tracked

CAMERA = Intrinsics([[900, 0, 640], [0, 900, 360], [0, 0, 1]], (1280, 720), (0.1, -0.2, 0, 0, 0.03))
STICK = Skeleton(["low", "high", "left"], [(0, 1), (1, 2)], nominal_size=2.0, name="stick")
ROOTED = Skeleton(
    STICK.names,
    STICK.edges,
    nominal_size=2.0,
    root=RootFrame(origin=(0,), z_from=(0,), z_to=(1,), y_from=(0,), y_to=(2,)),
    name="rooted",
)


def test_slots_stay_with_their_ids_and_go_to_whoever_needs_them():
    slots = TrackSlots(2)
    assert slots.assign([5]) == [0]
    assert slots.assign([6, 5]) == [1, 0]
    assert slots.assign([]) == []
    assert slots.assign([6]) == [1]
    assert slots.assign([7]) == [0]  # 5 was not seen for longer than 6
    assert slots.assign([7, 6, 5]) == [0, 1, None]
    assert slots.assign([7, 7]) == [0, None]


def test_no_two_ids_ever_share_a_slot():
    slots, rng = TrackSlots(5), np.random.default_rng(0)
    for _ in range(500):
        ids = rng.choice(12, rng.integers(0, 9), replace=False).tolist()
        got = slots.assign(ids)
        lent = [slot for slot in got if slot is not None]
        assert len(set(lent)) == len(lent) == min(len(ids), 5)
        assert all(0 <= slot < 5 for slot in lent)


def test_worker_drops_the_oldest_and_handles_the_newest():
    gate, handled, dropped = threading.Event(), [], []

    def handle(item: int) -> None:
        gate.wait(5)
        handled.append(item)

    worker: Worker[int] = Worker(handle, 2, lambda: dropped.append(1))
    worker.start()
    worker.offer(0)
    wait_until(lambda: not worker._waiting)
    for item in range(1, 6):
        worker.offer(item)
    gate.set()
    wait_until(lambda: len(handled) == 3)
    assert handled == [0, 4, 5]
    assert len(dropped) == 3
    assert worker.stop() == 0
    worker.offer(9)
    time.sleep(0.05)
    assert handled[-1] == 5


def wait_until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def info(sec: int, focal: float = 900.0) -> CameraInfo:
    camera = Intrinsics([[focal, 0, 640], [0, focal, 360], [0, 0, 1]], (1280, 720))
    return camera_info(Header(stamp=Time(sec=sec), frame_id="camera"), camera)


def focal_at(cache: CameraCache, sec: int, patience: float = 0.0) -> float:
    seen = cache.at(Time(sec=sec), patience)
    assert seen is not None
    assert seen.intrinsics is not None
    return float(np.asarray(seen.intrinsics.matrix)[0, 0])


def test_camera_info_round_trip():
    made = camera_info(Header(frame_id="camera"), CAMERA)
    again = Intrinsics.from_camera_info(made)
    np.testing.assert_array_equal(again.matrix, CAMERA.matrix)
    assert (again.size, again.model) == (CAMERA.size, CAMERA.model)
    assert again.distortion == CAMERA.distortion


def test_a_frame_gets_the_camera_of_its_stamp_else_the_latest():
    cache = CameraCache()
    assert cache.at(Time(sec=1), 0.0) is None
    for sec in range(1, 5):
        cache.update(info(sec, 100.0 * sec))
    assert [focal_at(cache, sec) for sec in (2, 4, 1, 9)] == [200, 400, 100, 400]


def test_a_camera_that_never_changes_is_not_waited_for():
    cache = CameraCache()
    for sec in (1, 2, 3, 3, 3):
        cache.update(info(sec, 100.0))
    began = time.monotonic()
    for sec in (3, 4, 5, 3, 9):
        assert focal_at(cache, sec, patience=60.0) == 100
    assert time.monotonic() - began < 30


def test_a_late_camera_is_waited_for_only_while_cameras_change_and_come_in_pairs():
    cache = CameraCache()
    cache.update(info(0, 50.0))
    cache.update(info(1, 100.0))
    assert focal_at(cache, 1) == 100
    late = threading.Timer(0.05, lambda: cache.update(info(2, 200.0)))
    late.start()
    assert focal_at(cache, 2, patience=5.0) == 200
    assert focal_at(cache, 3, patience=0.01) == 200
    began = time.monotonic()
    assert focal_at(cache, 4, patience=5.0) == 200  # the last one had no camera of its own
    assert time.monotonic() - began < 1


def test_the_same_calibration_is_read_once():
    cache = CameraCache()
    assert cache.update(info(1)) is cache.update(info(2))
    assert cache.update(info(3, 901.0)) is not cache.update(info(4))


def test_serialised_cameras_are_taken_over_as_messages_are():
    """Whether they repeat what was said before, change it, come in another order or as messages."""
    plain, mixed = CameraCache(), CameraCache()
    for sec, focal in enumerate([100.0, 100.0, 200.0, 200.0, 200.0, 100.0, 300.0, 300.0], 1):
        plain.update(info(sec, focal))
        mixed.update(serialize_message(info(sec, focal)) if sec != 4 else info(sec, focal))
        for at in range(sec + 2):
            assert focal_at(mixed, at) == focal_at(plain, at)
    known = serialize_message(info(9, 300.0))
    assert mixed.update(known) is mixed.update(serialize_message(info(10, 300.0)))
    assert focal_at(mixed, 10) == 300
    for damaged in (b"", known[:3], known[:11], known[:-1], b"\7" * 40):
        with pytest.raises(MessageError, match=f"^{len(damaged)} bytes are no sensor_msgs"):
            mixed.update(damaged)


def test_the_rectified_image_has_the_camera_p():
    info = camera_info(Header(stamp=Time(sec=1)), CAMERA)
    info.p[0] = 800.0
    read = CameraCache(rectified=True).update(info).intrinsics
    assert (read.matrix[0, 0], read.distortion) == (800.0, ())
    cache = CameraCache()
    assert cache.update(info).intrinsics.matrix[0, 0] == 900.0


def test_an_uncalibrated_camera_says_its_size_and_its_problem():
    seen = CameraCache().update(CameraInfo(width=640, height=480))
    assert seen.intrinsics is None
    assert seen.size == (640, 480)
    assert "zeros" in seen.problem


def test_complaints_are_said_once_and_do_not_hide_each_other():
    lines: list[str] = []
    complaints = Complaints(SimpleNamespace(warning=lines.append))
    for number in range(5):
        complaints.warn(f"row {number} is bad")
        complaints.warn_once("no camera")
    assert lines == ["row 0 is bad", "no camera"]
    complaints.clear()
    complaints.warn("row 7 is bad")
    assert lines[-1] == "row 7 is bad"


def test_complaints_that_quote_what_was_sent_do_not_pile_up():
    lines: list[str] = []
    complaints = Complaints(SimpleNamespace(warning=lines.append))
    names = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]
    for name in [*names, names[-1], names[0]]:
        complaints.warn_once(f"class {name} has no rig")
    # The last was said a moment ago; the first is forgotten, as the memory is not without end.
    assert lines == [f"class {name} has no rig" for name in [*names, names[0]]]


def test_statistics_count_and_measure():
    statistics = Statistics()
    for _ in range(3):
        statistics.received()
    statistics.dropped("busy")
    statistics.dropped("message", "it is bad")
    statistics.published(latency=0.002)
    values = statistics.values()
    assert (values["frames_in"], values["frames_out"], values["dropped"]) == ("3", "1", "2")
    assert (values["dropped_busy"], values["dropped_message"]) == ("1", "1")
    assert values["latency_ms_p50"] == "2.000"
    assert statistics.recent_problem() == "it is bad"
    assert statistics.recent_problem() == ""
    assert values["last_error"] == "it is bad"


def frame(points: np.ndarray, rotation: np.ndarray, skeleton: list[int]) -> LiftedFrame:
    count, width = points.shape[:2]
    tracked = Tracked(
        instance_id=np.arange(count, dtype=np.int32),
        row=np.arange(count),
        predicted=np.zeros(count, bool),
        age=np.zeros(count, np.float32),
        skeleton=np.array(skeleton, np.int32),
        points=points,
        sigma=np.zeros((count, width)),
        place_sigma=np.zeros(count, np.float32),
        observed=np.ones((count, width), bool),
        known=np.ones((count, width), bool),
        valid=np.ones(count, bool),
        middle=points.mean(1),
        scale_source=["nominal"] * count,
        unit=["m"] * count,
        find_first=partial(FirstSeen, points - points.mean(1, keepdims=True), rotation),
    )
    return LiftedFrame(Time(sec=3), "camera", tracked, [STICK, ROOTED], np.ones((count, width)))


@pytest.fixture
def lifted() -> LiftedFrame:
    """Two sticks in their own frames [low at 0, high up, left], turned and shifted."""
    own = np.array([[0, 0, 0], [0, 0, 2], [0, 1, 0.5]])
    turns = matrix_from_rotvec(np.array([[0.3, -1.2, 0.4], [2.0, 0.1, -0.5]]))
    return frame(own @ turns.swapaxes(1, 2) + [[[0, 0, 4]], [[1, 0, 5]]], turns, [1, 1])


def test_transforms_bring_the_keypoints_back_to_the_camera(lifted):
    made, without = TransformBuilder([STICK, ROOTED], LifterParameters()).build(
        lifted, keypoints=True
    )
    assert without == 0
    by_name = {t.child_frame_id: t for t in made}
    for row in range(2):
        root = by_name[f"lfm_{row}"]
        turn, shift = root.transform.rotation, root.transform.translation
        matrix = quat2mat([turn.w, turn.x, turn.y, turn.z])
        np.testing.assert_allclose(matrix, lifted.tracked.first_rotation[row], atol=1e-9)
        for index, name in enumerate(ROOTED.names):
            child = by_name[f"lfm_{row}/{name}"]
            assert child.header.frame_id == f"lfm_{row}"
            local = child.transform.translation
            there = matrix @ [local.x, local.y, local.z] + [shift.x, shift.y, shift.z]
            np.testing.assert_allclose(there, lifted.tracked.points[row, index], atol=1e-9)


def test_the_cloud_says_which_frame_is_whose(lifted):
    seen = frame(lifted.tracked.points, lifted.tracked.first_rotation, [0, 1])
    builder = TransformBuilder([STICK, ROOTED], LifterParameters(max_tracks=1))
    slots = builder.slots_of(seen.tracked)
    made, without = builder.build(seen, keypoints=False)
    cloud = decode_points(CloudBuilder().build(seen, slots))
    assert cloud.slot.tolist() == [0, -1]
    assert ([one.child_frame_id for one in made], without) == (["lfm_0"], 1)


def test_rep155_names_and_slots_that_run_out(lifted):
    settings = LifterParameters(tf_naming="rep155", max_tracks=1)
    made, without = TransformBuilder([STICK, ROOTED], settings).build(lifted, keypoints=True)
    assert without == 1
    assert [t.child_frame_id for t in made] == ["body_0", "low_0", "high_0", "left_0"]


def test_rep155_has_names_of_its_own_for_joints(lifted):
    rig = Skeleton(["a", "b", "c"], rep155=["l_wrist", "", "r_wrist"], root=ROOTED.root)
    settings = LifterParameters(tf_naming="rep155")
    made, _ = TransformBuilder([rig, rig], settings).build(lifted, keypoints=True)
    names = {transform.child_frame_id for transform in made}
    assert {"body_0", "l_wrist_0", "b_0", "r_wrist_0"} <= names


def test_a_rig_without_a_root_has_the_canonical_frame_and_turns_with_its_points(lifted):
    plain = frame(lifted.tracked.points, lifted.tracked.first_rotation, [0, 0])
    turn = matrix_from_rotvec(np.array([0.2, 1.0, -0.4]))
    to_target = Rigid(turn, np.ones(3))
    moved = replace(plain, tracked=plain.tracked.moved(to_target))
    for seen, turned in ((plain, np.eye(3)), (moved, turn)):
        made, _ = TransformBuilder([STICK, ROOTED], LifterParameters()).build(seen, keypoints=False)
        for row, one in enumerate(made):
            shift, quat = one.transform.translation, one.transform.rotation
            np.testing.assert_allclose([shift.x, shift.y, shift.z], seen.tracked.middle[row])
            matrix = quat2mat([quat.w, quat.x, quat.y, quat.z])
            np.testing.assert_allclose(
                matrix, turned @ plain.tracked.first_rotation[row], atol=1e-6
            )


def test_orientations_are_smoothed_and_keypoints_are_where_they_were_all_the_same(lifted):
    smooth, plain = (TransformBuilder([STICK, ROOTED], LifterParameters()) for _ in range(2))
    found: dict[str, list[np.ndarray]] = {"smooth": [], "plain": []}
    for step in range(30):
        noise = 0.02 * np.random.default_rng(step).standard_normal(lifted.tracked.points.shape)
        seen = frame(lifted.tracked.points + noise, lifted.tracked.first_rotation, [0, 1])
        seen.stamp.nanosec = 33_000_000 * step
        for name, (made, _) in (
            ("smooth", smooth.build(seen, keypoints=True, strength=1.0)),
            ("plain", plain.build(seen, keypoints=True)),
        ):
            assert len(made) == 8
            for row in range(2):
                root, *children = made[4 * row : 4 * row + 4]
                turn, shift = root.transform.rotation, root.transform.translation
                matrix = quat2mat([turn.w, turn.x, turn.y, turn.z])
                found[name].append(matrix)
                for child, there in zip(children, seen.tracked.points[row], strict=True):
                    local = child.transform.translation
                    back = matrix @ [local.x, local.y, local.z] + [shift.x, shift.y, shift.z]
                    np.testing.assert_allclose(back, there, atol=1e-9)
    steps = {
        name: angle_between(np.array(turns[2:]), np.array(turns[:-2])).mean()
        for name, turns in found.items()
    }
    assert steps["smooth"] < 0.5 * steps["plain"]
    smooth.reset()
    again, _ = smooth.build(seen, keypoints=False, strength=1.0)
    turn = again[1].transform.rotation
    np.testing.assert_allclose(quat2mat([turn.w, turn.x, turn.y, turn.z]), found["plain"][-1])


def test_an_edge_is_as_faint_as_its_fainter_end(lifted):
    lifted.tracked.observed[1, 2] = False
    settings = LifterParameters(marker_alpha=0.9, marker_filled_alpha=0.2)
    spheres, lines = MarkerBuilder([STICK, ROOTED]).build(lifted, settings).markers
    assert [round(c.a, 3) for c in spheres.colors] == [0.9] * 5 + [0.2]
    assert [round(c.a, 3) for c in lines.colors] == [0.9] * 6 + [0.2] * 2
    ends = [(p.x, p.y, p.z) for p in lines.points[4:]]
    np.testing.assert_allclose(ends, lifted.tracked.points[1][[0, 1, 1, 2]])


def test_markers_of_a_smaller_frame_do_not_repeat_the_last(lifted):
    builder, settings = MarkerBuilder([STICK, ROOTED]), LifterParameters()
    builder.build(lifted, settings)
    lifted.tracked.valid[0] = False
    spheres, lines = builder.build(lifted, settings).markers
    assert len(spheres.points) == 3
    assert len(lines.points) == 4
    points = [(p.x, p.y, p.z) for p in spheres.points]
    np.testing.assert_allclose(points, lifted.tracked.points[1])


def test_a_keypoint_of_which_nothing_is_known_is_not_shown():
    loose = Skeleton(["alone", *STICK.names], [(1, 2), (2, 3)], nominal_size=2.0, name="loose")
    points = np.arange(24.0).reshape(2, 4, 3)
    lifted = frame(points, np.tile(np.eye(3), (2, 1, 1)), [0, 0])
    lifted.tracked.known[0, 0] = False
    spheres, lines = MarkerBuilder([loose]).build(lifted, LifterParameters()).markers
    shown = [(p.x, p.y, p.z) for p in spheres.points]
    np.testing.assert_allclose(shown, points.reshape(-1, 3)[1:])
    ends = [(p.x, p.y, p.z) for p in lines.points]
    np.testing.assert_allclose(ends, points[:, [1, 2, 2, 3]].reshape(-1, 3))
    made, _ = TransformBuilder([loose], LifterParameters()).build(lifted, keypoints=True)
    names = [transform.child_frame_id for transform in made]
    assert "lfm_0/alone" not in names
    assert "lfm_1/alone" in names
