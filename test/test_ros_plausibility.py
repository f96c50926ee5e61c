"""Inputs that do not fit together: the node says so once, and all that is normal stays silent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import rclpy
from builtin_interfaces.msg import Time
from rclpy.lifecycle import TransitionCallbackReturn as Result
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from ros_graph import CAMERA, FRAME_ID, PATIENCE, detections, stamps
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import Keypoints, encode_keypoints
from lfm_ros.ros.node import LifterNode

SMALL = Intrinsics([[450, 0, 320], [0, 450, 240], [0, 0, 1]], (640, 480))
YOLO = "yolo_msgs/msg/DetectionArray"


class Active:
    """An active lifter in this process, its log lines, and a way to send it frames one by one."""

    def __init__(self, node: LifterNode) -> None:
        self.node, self.lines = node, []
        node._complaints._logger = SimpleNamespace(warning=self.lines.append)
        self._handled = 0

    def camera(self, camera: Intrinsics = CAMERA, frame_id: str = FRAME_ID) -> None:
        info = camera_info(Header(frame_id=frame_id), camera)
        self.node._pipeline.take_camera_info(serialize_message(info))

    def send(self, *messages: Any) -> None:
        """Have each frame lifted before the next one comes."""
        for message in messages:
            raw = self.node._pipeline.adapter.raw
            self.node._pipeline.take_keypoints(serialize_message(message) if raw else message)
            self._handled += 1
            deadline = time.monotonic() + PATIENCE
            while self._counted() < self._handled:
                assert time.monotonic() < deadline
                time.sleep(0.0005)

    def _counted(self) -> int:
        values = self.node._statistics.values()
        return int(values["frames_out"]) + int(values["dropped"])

    def noted(self, what: str) -> int:
        return int(self.node._statistics.values().get(f"noted_{what}", 0))

    def said(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    def reset(self) -> str:
        self._handled = 0
        return self.node._on_reset(Trigger.Request(), Trigger.Response()).message


@contextmanager
def active(**parameters: Any) -> Iterator[Active]:
    context = rclpy.Context()
    rclpy.init(context=context)
    values = {"autostart": False, "model": "lfm_tiny", "input_timeout": 0.0, **parameters}
    node = LifterNode(
        context=context,
        namespace="plausible",
        parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
    )
    try:
        assert node.trigger_configure() == Result.SUCCESS
        assert node.trigger_activate() == Result.SUCCESS
        yield Active(node)
    finally:
        node.close()
        node.destroy_node()
        rclpy.shutdown(context=context)


@pytest.fixture
def lifter() -> Iterator[Active]:
    with active() as made:
        made.camera()
        yield made


def frames(count: int, **options: Any) -> list[Any]:
    clock = stamps()
    return [detections(next(clock), **options) for _ in range(count)]


def cloud(stamp: Time, people: Sequence[Any], confidence: float = 0.9) -> Any:
    """A frame of people, pixels (17, 2) each."""
    uv = np.asarray(people, np.float32).reshape(-1, 17, 2)
    cells = Keypoints(
        uv,
        np.full(uv.shape[:2], confidence, np.float32),
        np.arange(len(uv), dtype=np.int32),
        np.zeros(len(uv), np.int32),
    )
    return encode_keypoints(Header(stamp=stamp, frame_id=FRAME_ID), cells)


def person(left: float, top: float, height: float, seed: int = 0) -> np.ndarray:
    """Someone upright, a third as wide as high."""
    spread = np.random.default_rng(seed).uniform(0, 1, (17, 2))
    spread[:2] = [[0, 0], [1, 1]]
    return spread * (height / 3, height) + (left, top)


def test_all_that_is_normal_is_silent(lifter):
    """An empty frame, somebody who walks through the image, a close-up, one keypoint far out."""
    lifter.send(*frames(3, widths=(), skeleton=()))
    clock = stamps(200.0)
    walk = [cloud(next(clock), [person(x, 200, 450)]) for x in np.linspace(-300, 1400, 90)]
    close = [cloud(next(clock), [person(450, 300, 1500, seed=s)]) for s in range(90)]
    corner = [cloud(next(clock), [person(-250, 500, 700, seed=s)]) for s in range(90)]
    stray = []
    for seed in range(90):
        someone = person(500, 100, 500, seed)
        someone[5] = (4000, 3000)
        stray.append(cloud(next(clock), [someone]))
    lifter.send(*walk, *close, *corner, *stray, cloud(next(clock), []))
    assert lifter.node._health() == ("OK", "active")
    assert lifter.lines == []


def test_detections_that_are_not_in_the_cameras_frame(lifter):
    lifter.send(*frames(3, frame_id="base_link"))
    level, message = lifter.node._health()
    assert level == "WARN"
    assert "keypoints are in the frame 'base_link', but camera_info in 'camera_opt" in message
    assert "set the parameter frame_id" in message
    assert lifter.said("'base_link'") == 1
    assert lifter.noted("frame_not_of_camera") == 3
    lifter.send(*frames(1))
    assert lifter.node._health() == ("OK", "active")


def test_the_parameter_frame_id_says_that_another_frame_is_meant():
    with active(frame_id="head_camera") as lifter:
        lifter.camera()
        lifter.send(*frames(2, frame_id="base_link"))
        assert lifter.node._health()[0] == "OK"
        assert lifter.lines == []


def test_keypoints_of_a_larger_image(lifter):
    lifter.camera(SMALL)
    clock = stamps()
    places = np.random.default_rng(3).uniform((100, 50), (900, 300), (90, 2))
    lifter.send(*[cloud(next(clock), [person(x, y, 600)]) for x, y in places.tolist()])
    level, message = lifter.node._health()
    assert level == "WARN"
    assert "an image of 640x480: they seem to belong to an image of another" in message
    assert lifter.said("an image of another resolution") == 1
    assert lifter.noted("outside_image") > 0
    lifter.camera(Intrinsics([[900, 0, 640], [0, 900, 480], [0, 0, 1]], (1280, 960)))
    lifter.send(*frames(1))
    assert lifter.node._health() == ("OK", "active")


def test_keypoints_that_are_shares_of_the_image(lifter):
    lifter.send(cloud(next(stamps()), [person(0.4, 0.2, 0.6), person(0.7, 0.1, 0.5)]))
    level, message = lifter.node._health()
    assert level == "WARN"
    assert "all 34 keypoints lie within 2 pixels of the corner of an image of 1280x720" in message
    assert "normalised" in message
    lifter.send(*frames(9))
    assert lifter.node._health() == ("OK", "active")


def test_scores_in_per_cent(lifter):
    clock = stamps()
    someone = person(500, 100, 500)
    lifter.send(cloud(next(clock), [someone], 1.3))
    assert lifter.node._health() == ("OK", "active"), "heat maps go a little above 1"
    lifter.send(cloud(next(clock), [someone], 87.5), *frames(1, widths=(), skeleton=()))
    assert "a keypoint has the confidence 87.5, where 1 is the most" in lifter.node._health()[1]
    assert lifter.noted("scores_above_one") == lifter.said("87.5") == 1


@pytest.mark.parametrize("sec", [0, 7])
def test_stamps_that_stand_still(lifter, sec):
    lifter.send(*[detections(Time(sec=sec))] * 10)
    assert lifter.node._health()[0] == "OK", "two detectors of one camera share a stamp"
    lifter.send(*[detections(Time(sec=sec))] * 10)
    level, message = lifter.node._health()
    assert level == "WARN"
    assert f"has the same stamp ({'7.000 s' if sec else 'zero'}), so nothing is smoothed" in message
    assert lifter.noted("stamps_repeated" if sec else "stamps_zero") in (19, 20)
    assert lifter.said("same stamp") == 1
    lifter.send(detections(Time(sec=8)))
    assert lifter.node._health() == ("OK", "active")


def test_a_doubt_is_said_again_after_a_reset(lifter):
    for _ in range(2):
        lifter.send(*frames(2, frame_id="base_link"))
        lifter.reset()
    assert lifter.said("'base_link'") == 2
    assert lifter.node._health() == ("OK", "active")


@pytest.fixture
def yolo() -> Any:
    return pytest.importorskip("detector_messages", reason="no messages of detectors here")


def seen_by_yolo(yolo: Any, count: int, **fields: Any) -> list[Any]:
    clock = stamps()
    return [
        yolo.yolo(yolo.yolo_detection(yolo.pixels(17), **fields), stamp=next(clock))
        for _ in range(count)
    ]


def test_a_class_that_is_written_differently(yolo):
    with active(input_type=YOLO, class_skeletons=["Person: coco17"]) as lifter:
        lifter.camera()
        lifter.send(*seen_by_yolo(yolo, 40))
        level, message = lifter.node._health()
        assert level == "WARN"
        assert "nothing was lifted so far: detections of class 'person' are left out" in message
        assert "it has 'Person', which is not the same; write 'person'" in message
        assert lifter.noted("all_left_out") > 0


def test_a_class_that_is_left_out_on_purpose_is_silent_once_another_was_lifted(yolo):
    with active(input_type=YOLO, class_skeletons=["person: coco17"]) as lifter:
        lifter.camera()
        lifter.send(*seen_by_yolo(yolo, 1))
        lifter.send(*seen_by_yolo(yolo, 40, class_name="dog"))
        assert lifter.node._health() == ("OK", "active")


def test_ids_that_count_from_one_where_zero_was_told(yolo):
    with active(input_type=YOLO, keypoint_id_base=0) as lifter:
        lifter.camera()
        lifter.send(*seen_by_yolo(yolo, 1, ids=list(range(1, 18))))
        assert "set keypoint_id_base: 1" in lifter.node._health()[1]


def test_scores_of_yolo_in_per_cent(yolo):
    message = seen_by_yolo(yolo, 1)[0]
    for keypoint in message.detections[0].keypoints.data:
        keypoint.score = 80.0
    with active(input_type=YOLO) as lifter:
        lifter.camera()
        lifter.send(message)
        assert "the confidence 80, where 1" in lifter.node._health()[1]


@pytest.fixture
def deep() -> Iterator[Active]:
    with active(use_depth=True) as made:
        made.camera()
        yield made


def wall(
    stamp: Time, size: tuple[int, int] = (128, 72), frame_id: str = FRAME_ID, kind: str = "16UC1"
) -> Image:
    width, height = size
    data = np.full((height, width), 4000, "<u2").tobytes()
    header = Header(stamp=stamp, frame_id=frame_id)
    return Image(
        header=header, encoding=kind, width=width, height=height, step=2 * width, data=data
    )


def lift_with(deep: Active, *images: Image) -> None:
    for image in images:
        deep.node._pipeline.take_depth(image)
        deep.send(detections(image.header.stamp))


def impatient(deep: Active) -> Any:
    """As if frames had lacked depth for longer."""
    deep.node._pipeline.depth.missed_since -= 5.0
    return deep.node._health()


def test_depth_of_the_camera_is_silent_and_a_smaller_image_is_said_once(deep):
    clock = stamps()
    lift_with(deep, *(wall(next(clock)) for _ in range(3)))
    assert deep.node._health() == ("OK", "active")
    assert deep.lines == [
        "depth images have 128x72 pixels, the camera's 1280x720: they are taken for the same view, "
        "and rescaled"
    ]


def test_depth_of_another_frame(deep):
    clock = stamps()
    lift_with(deep, *(wall(next(clock), frame_id="depth_optical") for _ in range(3)))
    level, message = deep.node._health()
    assert level == "WARN"
    assert f"depth images are in the frame 'depth_optical', keypoints in '{FRAME_ID}'" in message
    assert deep.said("'depth_optical'") == 1
    lift_with(deep, wall(next(clock)))
    assert deep.node._health() == ("OK", "active")


def test_depth_that_nobody_publishes_and_one_that_may_be_meant(deep):
    deep.send(*frames(6))
    assert deep.node._health()[0] == "OK", "it may still come"
    other = rclpy.create_node("camera", context=deep.node.context)
    try:
        other.create_publisher(Image, "/aligned_depth/image_raw", 1)
        other.create_publisher(Image, "/color/image_raw", 1)
        deadline = time.monotonic() + PATIENCE
        while "/aligned_depth/image_raw, /color" not in (message := impatient(deep)[1]):
            assert time.monotonic() < deadline, message
            time.sleep(0.02)
    finally:
        other.destroy_node()
    assert "no depth for the last 6 frames: nobody publishes /plausible/depth; remap" in message
    assert deep.node._health()[0] == "WARN"
    assert deep.noted("without_depth") == 6
    lift_with(deep, wall(Time(sec=300)))
    assert deep.node._health() == ("OK", "active")


def test_depth_that_is_none_or_comes_at_another_time(deep):
    driver = rclpy.create_node("driver", context=deep.node.context)
    try:
        driver.create_publisher(Image, "/plausible/depth", 1)
        deep.node._pipeline.take_depth(wall(Time(sec=1), kind="mono8"))
        deep.send(*frames(6))
        deadline = time.monotonic() + PATIENCE
        while "(published by /driver)" not in (message := impatient(deep)[1]):
            assert time.monotonic() < deadline, message
            time.sleep(0.02)
        assert "depth image has the encoding 'mono8'" in message
        deep.node._pipeline.take_depth(wall(Time(sec=40)))
        message = impatient(deep)[1]
        assert (
            "has the stamp 40.000, the last keypoints 100.167, which is 60.167 s later" in message
        )
    finally:
        driver.destroy_node()


def test_depth_that_comes_more_rarely_than_detections_is_silent(deep):
    clock = stamps()
    for number, stamp in zip(range(60), clock, strict=False):
        if number % 20 == 0:
            deep.node._pipeline.take_depth(wall(stamp, size=(1280, 720)))
        deep.send(detections(stamp))
    assert deep.node._pipeline.depth.missed > 0
    assert deep.node._health() == ("OK", "active"), "the next image is not late yet"
    lift_with(deep, wall(next(clock), size=(1280, 720)))
    assert deep.node._health() == ("OK", "active")
    assert deep.lines == []


def test_a_reset_keeps_what_was_heard(deep):
    stamp = next(stamps())
    deep.node._pipeline.take_depth(wall(stamp))
    assert deep.reset().endswith("kept camera, transforms and depth")
    deep.send(detections(stamp))
    assert deep.noted("without_depth") == 0
    deep.node._pipeline.restart_time()
    deep.send(detections(stamp))
    assert deep.noted("without_depth") == 1
