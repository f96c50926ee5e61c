"""Every adapter on the message that its detector sends, and on the ways in which it differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")
pytest.importorskip("detector_messages", reason="no messages of detectors here; make compiles them")

import detector_messages as messages
from detector_messages import EXAMPLES, pixels, yolo_detection
from numpy.testing import assert_allclose, assert_array_equal
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters import UNKNOWN, Keypoints2D, load_adapter
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.skeletons import load_skeleton

YOLO, HRI = "yolo_msgs/msg/DetectionArray", "hri_msgs/msg/Skeleton2D"
ZED, HANDS = "zed_msgs/msg/ObjectsStamped", "depthai_ros_msgs/msg/HandLandmarkArray"
TAGS = "apriltag_msgs/msg/AprilTagDetectionArray"


def adapted(input_type: str, message: Any, **parameters: Any) -> Keypoints2D:
    """What the adapter makes of a message."""
    adapt, rigs = adapter_of(input_type, **parameters)
    return adapt(message, rigs)


def adapter_of(input_type: str, **parameters: Any) -> tuple[Callable[..., Keypoints2D], Any]:
    """What reads messages, and the rigs in use."""
    rig = EXAMPLES[input_type].rig
    settings = replace(
        LifterParameters(), **{"input_type": input_type, "skeletons": (rig,), **parameters}
    )
    adapter = load_adapter(lambda: settings)

    def adapt(message: Any, rigs: Any) -> Keypoints2D:
        return adapter.adapt(serialize_message(message) if adapter.raw else message, rigs)

    return adapt, adapter.rigs


@pytest.mark.parametrize("input_type", EXAMPLES)
def test_stamp_frame_shapes_and_types(input_type):
    message = EXAMPLES[input_type].make()
    seen = adapted(input_type, message)
    count, width = seen.confidence.shape
    assert count == len(seen) > 0
    assert seen.stamp == message.header.stamp
    assert seen.frame_id == ("" if input_type == ZED else messages.FRAME_ID)
    assert (seen.keypoints.shape, seen.keypoints.dtype) == ((count, width, 2), np.float32)
    assert seen.confidence.dtype == np.float32
    assert seen.instance_id.dtype == seen.skeleton.dtype == np.int32
    assert (seen.confidence > 0).sum() > 3 * count


@pytest.mark.parametrize("input_type", EXAMPLES)
def test_the_same_from_the_bytes_of_an_independent_serialiser(input_type):
    pytest.importorskip("rosbags", reason="needs rosbags")
    message = EXAMPLES[input_type].make()
    received = deserialize_message(foreign_bytes(input_type, message), type(message))
    ours, theirs = adapted(input_type, message), adapted(input_type, received)
    assert_array_equal(theirs.keypoints, ours.keypoints)
    assert_array_equal(theirs.confidence, ours.confidence)
    assert_array_equal(theirs.instance_id, ours.instance_id)


def foreign_bytes(input_type: str, message: Any) -> bytes:
    """A message as rosbags serialises it, its type read from the definitions in tools."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    package = input_type.split("/")[0]
    for path in sorted((messages.SOURCES / package / "msg").glob("*.msg")):
        name = f"{package}/msg/{path.stem}"
        if name not in store.types:
            store.register(get_types_from_msg(path.read_text(), name))
    return bytes(store.serialize_cdr(_as_rosbags(store, input_type, message), input_type))


def _as_rosbags(store: Any, name: str, value: Any) -> Any:
    """A message of rclpy as one of rosbags, field by field."""
    fields = value.get_fields_and_field_types()
    made = {field: _element(store, getattr(value, field)) for field in fields}
    return store.types[name](**made)


def _element(store: Any, value: Any) -> Any:
    if hasattr(value, "get_fields_and_field_types"):
        package, name = type(value).__module__.split(".")[0], type(value).__name__
        return _as_rosbags(store, f"{package}/msg/{name}", value)
    if isinstance(value, (str, bytes, int, float)):
        return value
    if len(value) and hasattr(value[0], "get_fields_and_field_types"):
        return [_element(store, item) for item in value]
    return np.array(value)


class TestYolo:
    def test_ids_from_one_are_the_places_in_the_rig(self):
        uv = pixels(3)
        message = messages.yolo(yolo_detection(uv, [17, 1, 6]))
        seen = adapted(YOLO, message)
        assert_allclose(seen.keypoints[0, [16, 0, 5]], uv, rtol=1e-6)
        assert_allclose(seen.confidence[0, [16, 0, 5]], [0.67, 0.51, 0.56], rtol=1e-6)
        assert (seen.confidence[0] > 0).sum() == 3

    def test_a_detector_that_counts_from_zero(self):
        message = messages.yolo(yolo_detection(pixels(2), [0, 16]))
        with pytest.raises(MessageError, match=r"id 0, but ids count from 1; set keypoint_id_base"):
            adapted(YOLO, message)
        seen = adapted(YOLO, message, keypoint_id_base=0)
        assert_array_equal(np.flatnonzero(seen.confidence[0]), [0, 16])

    def test_more_keypoints_than_the_rig(self):
        with pytest.raises(MessageError, match=r"keypoint 17 is not one of the 17 .* 'coco17'"):
            adapted(YOLO, messages.yolo(yolo_detection(pixels(18))))

    def test_a_rig_whose_last_keypoints_never_come_is_doubted(self):
        adapt, rigs = adapter_of(YOLO, skeletons=("hand21",))
        person = messages.yolo(*[yolo_detection(pixels(17))] * 20)
        doubts = [adapt(person, rigs).doubts for _ in range(4)]
        assert doubts[:2] == [(), ()]
        assert doubts[2] == doubts[3]
        assert "beyond the first 17 of the 21 of rig 'hand21'" in doubts[2][0]
        assert "coco17" in doubts[2][0]
        hand = messages.yolo(yolo_detection(pixels(1), [21]))
        assert adapt(hand, rigs).doubts == adapt(person, rigs).doubts == ()

    def test_a_rig_is_not_doubted_where_the_user_says_what_is_what(self):
        few = {"keypoint_map": tuple(f"{i}: {load_skeleton('hand21').names[i]}" for i in range(9))}
        adapt, rigs = adapter_of(YOLO, skeletons=("hand21",), **few)
        seen = [adapt(messages.yolo(*[yolo_detection(pixels(17))] * 20), rigs) for _ in range(5)]
        assert not any(frame.doubts for frame in seen)

    def test_the_surest_of_two_keypoints_with_one_id(self):
        detection = yolo_detection(pixels(2), [4, 4])
        detection.keypoints.data[0].score = 0.9
        seen = adapted(YOLO, messages.yolo(detection))
        assert_allclose(seen.keypoints[0, 3], pixels(2)[0], rtol=1e-6)

    def test_numbers_and_names_of_the_tracker(self):
        ids = ["17", "", "-1", "a4", "99999999999", "a4"]
        shown = [yolo_detection(pixels(17), id=text) for text in ids]
        seen = adapted(YOLO, messages.yolo(*shown)).instance_id
        assert_array_equal(seen[:3], [17, UNKNOWN, UNKNOWN])
        assert seen[3] == seen[5] == identity("a4") >= 0
        assert len({*seen[[0, 3, 4]]}) == 3

    def test_detections_with_a_low_score(self):
        shown = [yolo_detection(pixels(17), score=s) for s in (0.3, 0.5, float("nan"))]
        assert len(adapted(YOLO, messages.yolo(*shown), min_detection_confidence=0.4)) == 1

    def test_boxes_without_keypoints(self):
        seen = adapted(YOLO, messages.yolo(yolo_detection(np.zeros((0, 2)))))
        assert len(seen) == 0
        assert "model for poses" in seen.left_out[0]

    def test_nothing_detected(self):
        seen = adapted(YOLO, messages.DetectionArray(header=messages.header()))
        assert (len(seen), seen.left_out) == (0, ())

    def test_values_that_are_no_keypoints(self):
        uv = pixels(17)
        uv[0, 0], uv[1, 1], uv[2, 0] = np.nan, np.inf, 1e300
        seen = adapted(YOLO, messages.yolo(yolo_detection(uv)))
        assert_array_equal(np.flatnonzero(seen.confidence[0] == 0), [0, 1, 2])
        assert np.isfinite(seen.keypoints).all()

    def test_keypoints_in_a_corner_of_shares_are_not_seen(self):
        shares = pixels(17) / (1280, 720)
        shares[[2, 5]] = 0
        seen = adapted(YOLO, messages.yolo(yolo_detection(shares)))
        assert seen.normalized
        assert_array_equal(np.flatnonzero(seen.confidence[0] == 0), [2, 5])

    def test_shares_of_the_image_are_noticed(self):
        uv = pixels(17)
        seen = adapted(YOLO, messages.yolo(yolo_detection(uv / (1280, 720))))
        assert seen.normalized
        assert_allclose(seen.in_pixels((1280, 720)).keypoints[0], uv, rtol=1e-5)


class TestHri:
    def test_left_and_right_are_those_of_the_constants(self):
        message = messages.hri()
        point = message.skeleton[messages.Skeleton2D.LEFT_EYE]
        seen = adapted(HRI, message)
        column = load_skeleton("coco17").names.index("left_eye")
        assert_allclose(seen.keypoints[0, column], (point.x, point.y), rtol=1e-6)
        assert (seen.confidence > 0).all()

    def test_it_needs_the_size_of_the_image(self):
        seen = adapted(HRI, messages.hri())
        assert seen.normalized
        assert not seen.in_pixels((640, 480)).normalized
        assert_allclose(seen.in_pixels((640, 480)).keypoints, seen.keypoints * (640, 480))

    def test_keypoints_that_were_not_found(self):
        message = messages.hri()
        message.skeleton[messages.Skeleton2D.NOSE].c = 0.0
        assert adapted(HRI, message).confidence[0, 0] == 0


class TestZed:
    @pytest.mark.parametrize(
        ("body_format", "count", "nose"), [(0, 18, 0), (1, 34, 27), (2, 38, 5)]
    )
    def test_formats(self, body_format, count, nose):
        message = messages.zed(body_format, count)
        seen = adapted(ZED, message)
        assert_allclose(seen.keypoints[0, 0], message.objects[0].skeleton_2d.keypoints[nose].kp)
        assert (seen.confidence[0] > 0).all()
        assert_allclose(seen.confidence[0], 0.87, rtol=1e-6)
        assert seen.instance_id[0] == 5

    def test_sides_of_the_longest_format(self):
        message = messages.zed()
        names = load_skeleton("coco17").names
        right_ankle = adapted(ZED, message).keypoints[0, names.index("right_ankle")]
        assert_allclose(right_ankle, message.objects[0].skeleton_2d.keypoints[23].kp)

    def test_keypoints_outside_of_the_image_are_not_seen(self):
        message = messages.zed()
        message.objects[0].skeleton_2d.keypoints[5].kp[:] = -1
        assert adapted(ZED, message).confidence[0, 0] == 0

    def test_an_unknown_format(self):
        with pytest.raises(MessageError, match="body_format is 3; only 0, 1 and 2"):
            adapted(ZED, messages.zed(body_format=3))

    def test_objects_without_skeleton_and_without_tracking(self):
        assert len(adapted(ZED, messages.zed(skeleton_available=False))) == 0
        assert adapted(ZED, messages.zed(tracking_available=False)).instance_id[0] == UNKNOWN


class TestHands:
    def test_order_and_score(self):
        seen = adapted(HANDS, messages.hands())
        assert_allclose(seen.keypoints[0], pixels(21), rtol=1e-6)
        assert_allclose(seen.confidence, 0.9, rtol=1e-6)
        assert seen.instance_id[0] == UNKNOWN

    def test_which_hand_it_is(self):
        classes = ("right: hand21_right", "left: hand21_left", "hand: hand21")
        adapt, rigs = adapter_of(HANDS, class_skeletons=classes)
        seen = adapt(messages.hands(), rigs)
        assert [rigs[i].side for i in seen.skeleton] == ["left"]

    def test_a_rig_of_another_size(self):
        with pytest.raises(MessageError, match="keypoint 17 is not one of the 17"):
            adapted(HANDS, messages.hands(), skeletons=("coco17",))


class TestAprilTags:
    def test_a_square_of_the_size_of_the_tag(self):
        settings = replace(LifterParameters(), input_type=TAGS, tag_size=0.2)
        (rig,) = load_adapter(lambda: settings).rigs
        assert rig.nominal_size == pytest.approx(0.8)
        assert len(rig) == len(rig.edges) == 4

    def test_corners_and_id(self):
        seen = adapted(TAGS, messages.apriltags())
        assert_allclose(seen.keypoints[0, :2], [(400, 500), (480, 505)])
        assert seen.instance_id[0] == 12

    def test_another_rig_for_one_tag(self, tmp_path):
        path = tmp_path / "big_tag.yaml"
        path.write_text(
            "keypoints: [bottom_left, bottom_right, top_right, top_left]\n"
            "edges: [[bottom_left, bottom_right], [top_right, top_left]]\nnominal_size: 2.0\n"
        )
        mapping = ("*: apriltag", f"tag36h11:12: {path}")
        seen = adapted(TAGS, messages.apriltags(), class_skeletons=mapping)
        assert_array_equal(seen.skeleton, [1])


@pytest.mark.parametrize("input_type", EXAMPLES)
def test_a_keypoint_at_exactly_zero_is_missing(input_type):
    example = EXAMPLES[input_type]
    message = example.make()
    whole = adapted(input_type, message)
    example.lose(message)
    holed = adapted(input_type, message)
    lost = (whole.confidence > 0) & (holed.confidence == 0)
    assert lost[0].sum() == lost.sum() == 1
    assert_array_equal(holed.keypoints[lost], [[0, 0]])
    assert_array_equal(holed.keypoints[~lost], whole.keypoints[~lost])
    assert_array_equal(holed.confidence[~lost], whole.confidence[~lost])


@pytest.mark.parametrize("corner", [(0.0, 300.0), (300.0, 0.0), (-0.0, 0.0)])
def test_only_both_coordinates_together_are_missing(corner):
    uv = pixels(17)
    uv[3] = corner
    seen = adapted(YOLO, messages.yolo(yolo_detection(uv)))
    assert (seen.confidence[0, 3] > 0) == any(corner)


def test_a_cloud_without_ids_does_not_know_them():
    seen = adapted("sensor_msgs/msg/PointCloud2", without_ids(messages.cloud()))
    assert_array_equal(seen.instance_id, [UNKNOWN, UNKNOWN])


def without_ids(message: PointCloud2) -> PointCloud2:
    message.fields = [field for field in message.fields if field.name != "instance_id"]
    return message
