"""Which adapter, which rig, which keypoint: what the parameters of the adapters do."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")
pytest.importorskip("detector_messages", reason="no messages of detectors here; make compiles them")

import detector_messages as messages
from detector_messages import EXAMPLES, pixels, yolo_detection
from numpy.testing import assert_allclose, assert_array_equal

from lfm_ros.core.errors import LfmError, MessageError
from lfm_ros.ros.adapters import Adapter, load_adapter
from lfm_ros.ros.input_types import INPUT_TYPES
from lfm_ros.ros.parameters import LifterParameters

YOLO, HRI = "yolo_msgs/msg/DetectionArray", "hri_msgs/msg/Skeleton2D"


def adapter(input_type: str = YOLO, **parameters: Any) -> Adapter:
    settings = replace(LifterParameters(), input_type=input_type, **parameters)
    return load_adapter(lambda: settings)


def test_every_documented_type_is_found():
    assert set(INPUT_TYPES) == set(EXAMPLES)
    for input_type in INPUT_TYPES:
        assert adapter(input_type).type_name == input_type
    assert adapter("yolo_msgs/DetectionArray").type_name == YOLO


def test_a_package_of_another_name_with_the_same_messages(monkeypatch):
    fork = ModuleType("my_yolo_msgs.msg")
    fork.DetectionArray = messages.DetectionArray  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_yolo_msgs", ModuleType("my_yolo_msgs"))
    monkeypatch.setitem(sys.modules, "my_yolo_msgs.msg", fork)
    found = adapter("my_yolo_msgs/msg/DetectionArray")
    assert len(found.adapt(messages.yolo(), found.rigs)) == 2


@pytest.mark.parametrize(
    ("input_type", "says"),
    [
        ("vision_msgs/msg/Detection2DArray", "boxes and no keypoints.*yolo_msgs/msg/DetectionArr"),
        ("std_msgs/msg/Bool", "choose one of sensor_msgs/msg/PointCloud2"),
        ("DetectionArray", "choose one of sensor_msgs/msg/PointCloud2"),
        ("zed_msgs/msg/Skeleton2D", r"has no header \(std_msgs/Header\), skeleton\[\].x"),
        ("std_msgs/msg/DetectionArray", "package std_msgs has no message DetectionArray"),
        ("nowhere_msgs/msg/DetectionArray", "package nowhere_msgs.*source the workspace"),
    ],
)
def test_types_that_cannot_be_read(input_type, says):
    with pytest.raises(MessageError, match=says):
        adapter(input_type)


@pytest.mark.parametrize(
    ("input_type", "says"),
    [
        (YOLO, "clone https://github.com/mgonzs13/yolo_ros"),
        (HRI, "sudo apt install ros-lyrical-hri-msgs"),
        ("depthai_ros_msgs/msg/HandLandmarkArray", "install ros-lyrical-depthai-ros-msgs"),
    ],
)
def test_a_package_that_is_not_installed(input_type, says, monkeypatch):
    package = input_type.split("/")[0]
    monkeypatch.setitem(sys.modules, f"{package}.msg", None)
    monkeypatch.setenv("ROS_DISTRO", "lyrical")
    with pytest.raises(MessageError, match=f"needs the package {package}.*{says}"):
        adapter(input_type)


def of_classes(*labels: str) -> messages.DetectionArray:
    return messages.yolo(*[yolo_detection(pixels(17), class_name=c) for c in labels])


def test_classes_have_rigs_and_others_are_left_out():
    chosen = adapter(skeletons=("h36m17",), class_skeletons=("person: coco17", "dog: ap10k17"))
    assert [rig.name for rig in chosen.rigs] == ["h36m17", "coco17", "ap10k17"]
    seen = chosen.adapt(of_classes("dog", "cat", "person", "cat"), chosen.rigs)
    assert_array_equal(seen.skeleton, [2, 1])
    assert len(seen.left_out) == 1
    assert "class 'cat'" in seen.left_out[0]


def test_all_other_classes_and_classes_by_number():
    chosen = adapter(class_skeletons=("*: coco17", "16: ap10k17"))
    detections = [
        yolo_detection(pixels(17), class_name=n, class_id=i) for n, i in [("", 16), ("x", 1)]
    ]
    seen = chosen.adapt(messages.yolo(*detections), chosen.rigs)
    assert [chosen.rigs[i].name for i in seen.skeleton] == ["ap10k17", "coco17"]


def test_rigs_of_different_sizes_are_padded():
    chosen = adapter(class_skeletons=("person: coco17", "hand: hand21"))
    person = yolo_detection(pixels(17), class_name="person")
    hand = yolo_detection(pixels(21), class_name="hand")
    seen = chosen.adapt(messages.yolo(person, hand), chosen.rigs)
    assert seen.keypoints.shape == (2, 21, 2)
    assert not seen.confidence[0, 17:].any()
    assert not seen.keypoints[0, 17:].any()


def test_keypoints_renamed_and_reordered():
    uv = pixels(17)
    chosen = adapter(keypoint_map=("0: left_wrist", "1: nose", "coco17/2: left_hip"))
    seen = chosen.adapt(messages.yolo(yolo_detection(uv)), chosen.rigs)
    names = chosen.rigs[0].names
    assert_allclose(
        seen.keypoints[0, [names.index(n) for n in ("left_wrist", "nose", "left_hip")]], uv[:3]
    )
    assert (seen.confidence > 0).sum() == 3


def test_named_keypoints_renamed():
    chosen = adapter(HRI, keypoint_map=("NECK: nose", "0: left_ear", "left_ear: right_ear"))
    message = messages.hri()
    seen = chosen.adapt(message, chosen.rigs).keypoints[0]
    expected = [message.skeleton[i] for i in (1, 0, 16)]
    columns = [chosen.rigs[0].names.index(n) for n in ("nose", "left_ear", "right_ear")]
    assert_allclose(seen[columns], [(p.x, p.y) for p in expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"class_skeletons": ("person",)}, r"class_skeletons has 'person'; write it like"),
        ({"class_skeletons": ("person: coco17", "person: h36m17")}, "has 'person' twice"),
        ({"class_skeletons": ("person: nobody",)}, "skeleton 'nobody' is not known"),
        ({"keypoint_map": ("left_wrist",)}, "keypoint_map has 'left_wrist'; write it like"),
        ({"keypoint_map": ("0: left_paw",)}, "sends 0 to left_paw, which is no keypoint of coco17"),
        (
            {"input_type": "sensor_msgs/msg/PointCloud2", "keypoint_map": ("0: nose",)},
            "keypoint_map is set, but the columns of sensor_msgs/msg/PointCloud2",
        ),
        ({"keypoint_map": ("dog/0: nose",)}, r"no rig in use is called dog \(coco17\)"),
    ],
)
def test_parameters_that_cannot_be_read(parameters, says):
    with pytest.raises(LfmError, match=says):
        adapter(**parameters)


def test_names_for_a_detector_that_has_none():
    chosen = adapter(keypoint_map=("left_hand: left_wrist",))
    with pytest.raises(MessageError, match="does not name its keypoints; write their numbers"):
        chosen.adapt(messages.yolo(), chosen.rigs)


def test_a_rig_with_other_names_than_the_detector():
    chosen = adapter(HRI, skeletons=("hand21",))
    with pytest.raises(MessageError, match=r"hardly are those of rig 'hand21'.*0 names agree"):
        chosen.adapt(messages.hri(), chosen.rigs)


def test_the_threshold_can_change_while_the_node_runs():
    settings = replace(LifterParameters(), input_type=YOLO)
    chosen = load_adapter(lambda: settings)
    assert len(chosen.adapt(messages.yolo(), chosen.rigs)) == 2
    settings = replace(settings, min_detection_confidence=0.9)
    assert len(chosen.adapt(messages.yolo(), chosen.rigs)) == 0


def test_a_hundred_people_in_one_frame():
    chosen = adapter()
    crowd = [yolo_detection(pixels(17, seed), id=str(seed)) for seed in range(100)]
    seen = chosen.adapt(messages.yolo(*crowd), chosen.rigs)
    assert_array_equal(seen.instance_id, np.arange(100))
    assert_allclose(seen.keypoints[42], pixels(17, 42), rtol=1e-6)
