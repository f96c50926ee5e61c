"""The lifter behind the detectors of other packages, in a real ROS graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")
pytest.importorskip("detector_messages", reason="no messages of detectors here; make compiles them")

import detector_messages as messages
from detector_messages import pixels, yolo_detection
from ros_graph import CAMERA, RELIABLE, NodeProcess, Probe, probing, stamps, started
from visualization_msgs.msg import Marker

from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.clouds import Points, decode_points

TICK = ("-p", "diagnostics_period:=0.1", "-p", "queue_depth:=50")


@contextmanager
def lifter(*parameters: str) -> Iterator[tuple[NodeProcess, Probe]]:
    arguments = [word for parameter in parameters for word in ("-p", parameter)]
    with started("node", *TICK, *arguments) as process, probing() as probe:
        yield process, probe


def answer(probe: Probe, message: Any) -> Points:
    """The points that answer a message, which is known by its stamp."""
    assert probe.markers_of(message).markers[0].action == Marker.ADD
    return decode_points(probe.cloud_of(message))


def middle(points: np.ndarray) -> np.ndarray:
    """Where the middle of an instance is seen, in pixels."""
    seen = points.mean(0) @ np.asarray(CAMERA.matrix).T
    return seen[:2] / seen[2]


def test_yolo():
    """Two of three detections have a rig; they come out as they are identified."""
    clock = stamps()
    told = ("input_type:=yolo_msgs/msg/DetectionArray", "input_topics:=[people]")
    classes = "class_skeletons:=['person: coco17', 'dog: ap10k17', 'hand: hand21']"
    with lifter(*told, classes) as (process, probe):
        publisher = probe.node.create_publisher(messages.DetectionArray, "people", RELIABLE)
        probe.until(publisher.get_subscription_count, "the lifter on the topic people")
        probe.until(lambda: probe.node.count_publishers("markers"), "the lifter's markers")

        def frame() -> Any:
            dog = yolo_detection(pixels(17, 1), id="rex", class_name="dog")
            person = yolo_detection(pixels(9), list(range(9, 18)), id="12")
            cat = yolo_detection(pixels(17), class_name="cat")
            message = messages.yolo(dog, person, cat, stamp=next(clock))
            probe.send_camera(message.header.stamp)
            publisher.publish(message)
            return message

        probe.until(lambda: frame() and probe.clouds, "a first cloud")
        points = answer(probe, frame())
        assert points.instance_id.tolist() == [identity("rex"), 12]
        assert [int(i) for i in points.skeleton] == [1, 0]
        assert np.flatnonzero(points.observed[1]).tolist() == list(range(8, 17))
        assert probe.values()["noted_detections_left_out"] != "0"
        assert process.output.count("class 'cat'") == 1
        hands = [yolo_detection(pixels(17), class_name="hand")] * 20

        def doubted_again() -> bool:
            publisher.publish(messages.yolo(*hands, stamp=next(clock)))
            return int(probe.values().get("noted_rig_doubtful", "0")) > 1

        probe.until(doubted_again, "doubts about the rig of the hands")
        assert process.output.count("the first 17 of the 21 of rig 'hand21'") == 1


def test_bodies_of_hri():
    """Bodies on topics of their own come out in one frame, where they are in the image."""
    clock = stamps()
    with lifter("input_type:=hri_msgs/msg/Skeleton2D") as (_, probe):
        names = ("f3a", "b7")
        topics = {name: f"/humans/bodies/{name}/skeleton2d" for name in names}
        bodies = {
            name: probe.node.create_publisher(messages.Skeleton2D, topic, RELIABLE)
            for name, topic in topics.items()
        }
        uv = {name: pixels(18, seed) / 2 + 300 * seed for seed, name in enumerate(names)}

        def frame() -> Any:
            stamp = next(clock)
            probe.send_camera(stamp)
            for name, publisher in bodies.items():
                sent = messages.hri(uv[name] / CAMERA.size, stamp)
                publisher.publish(sent)
            return sent

        def rows() -> set[int]:
            return {cloud.height for cloud in probe.clouds}

        probe.until(lambda: frame() and 2 in rows(), "both bodies in one frame")
        points = answer(probe, frame())
        found = dict(zip(points.instance_id.tolist(), points.xyz, strict=True))
        for name in names:
            off = middle(found[identity(name)]) - uv[name].mean(0)
            assert np.abs(off).max() < 60

        probe.node.destroy_publisher(bodies.pop("b7"))
        probe.forget()
        probe.until(lambda: frame() and 1 in rows(), "the body that is left")
        assert answer(probe, frame()).instance_id.tolist() == [identity("f3a")]


def test_what_cannot_be_read_is_said_when_the_node_configures():
    with lifter("input_type:=vision_msgs/msg/Detection2DArray") as (process, probe):
        probe.until(lambda: "boxes and no keypoints" in process.output, "the reason in the log")
        assert process.running
        assert probe.state() == "unconfigured"
