"""The PointCloud2 layouts: round trips, foreign layouts, bad messages, bytes on the wire."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

pytest.importorskip("sensor_msgs.msg", reason="needs ROS 2's sensor_msgs")

from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.pointcloud2 import adapt
from lfm_ros.ros.clouds import (
    Keypoints,
    Points,
    decode_keypoints,
    decode_points,
    encode_keypoints,
    encode_points,
)

RIGS = [Skeleton([f"a{i}" for i in range(5)], name="five"), Skeleton(["p", "q", "r"], name="three")]


def header(frame_id: str = "camera_optical_frame") -> Header:
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = 12, 345_678_901
    return made


def keypoints(instances: int = 2, width: int = 5) -> Keypoints:
    rng = np.random.default_rng(0)
    skeleton = np.arange(instances, dtype=np.int32) % 2
    confidence = rng.uniform(0.1, 1, (instances, width)).astype(np.float32)
    confidence[skeleton == 1, 3:] = 0
    uv = rng.uniform(0, 640, (instances, width, 2)).astype(np.float32)
    return Keypoints(uv, confidence, np.arange(7, 7 + instances, dtype=np.int32), skeleton)


def points(instances: int = 2, width: int = 5) -> Points:
    rng = np.random.default_rng(1)
    return Points(
        xyz=rng.normal(size=(instances, width, 3)).astype(np.float32),
        sigma=rng.uniform(0, 1, (instances, width)).astype(np.float32),
        place_sigma=rng.uniform(0, 1, instances).astype(np.float32),
        confidence=rng.uniform(0, 1, (instances, width)).astype(np.float32),
        observed=rng.uniform(0, 1, (instances, width)) > 0.5,
        scale_source=np.arange(instances, dtype=np.uint8),
        slot=np.arange(instances, dtype=np.int16) - 1,
        instance_id=np.arange(instances, dtype=np.int32) - 3,
        skeleton=np.arange(instances, dtype=np.int32) % 2,
    )


def foreign(values: dict[str, tuple[int, str]], *, gap: int = 3, row_gap: int = 11) -> PointCloud2:
    """Two rows of five points with fields in the given order, padded points and padded rows."""
    source = keypoints()
    cells = {
        "u": source.uv[..., 0],
        "v": source.uv[..., 1],
        "confidence": source.confidence,
        "instance_id": source.instance_id[:, None],
        "skeleton": source.skeleton[:, None],
        "extra": 0,
    }
    message, offset = PointCloud2(header=header(), height=2, width=5), gap
    message.fields, formats, offsets = [], [], []
    for name, (datatype, kind) in values.items():
        message.fields.append(PointField(name=name, offset=offset, datatype=datatype, count=1))
        formats.append(kind)
        offsets.append(offset)
        offset += np.dtype(kind).itemsize + gap
    dtype = np.dtype(
        {"names": list(values), "formats": formats, "offsets": offsets, "itemsize": offset}
    )
    rows = np.zeros((2, 5), dtype)
    for name in values:
        rows[name] = cells[name]
    message.point_step, message.row_step = offset, offset * 5 + row_gap
    message.data = array("B", b"".join(row.tobytes() + bytes(row_gap) for row in rows))
    return message


def test_keypoints_round_trip():
    sent = keypoints()
    got = decode_keypoints(encode_keypoints(header(), sent))
    for name in ("uv", "confidence", "instance_id", "skeleton"):
        np.testing.assert_array_equal(getattr(got, name), getattr(sent, name))


def test_points_round_trip_with_padding_as_nan():
    sent = points()
    message = encode_points(header(), sent, np.array([5, 3]))
    got = decode_points(message)
    assert (message.height, message.width, message.point_step) == (2, 5, 40)
    assert not message.is_dense
    assert np.isnan(got.xyz[1, 3:]).all()
    assert not got.observed[1, 3:].any()
    np.testing.assert_array_equal(got.xyz[0], sent.xyz[0])
    np.testing.assert_array_equal(got.xyz[1, :3], sent.xyz[1, :3])
    for name in ("scale_source", "instance_id", "skeleton", "place_sigma"):
        np.testing.assert_array_equal(getattr(got, name), getattr(sent, name))


def test_points_without_padding_are_dense():
    assert encode_points(header(), points(), np.array([5, 5])).is_dense


@pytest.mark.parametrize(
    ("real", "whole"),
    [
        ((PointField.FLOAT32, "<f4"), (PointField.INT32, "<i4")),
        ((PointField.FLOAT64, "<f8"), (PointField.UINT8, "u1")),
        ((PointField.FLOAT64, "<f8"), (PointField.INT16, "<i2")),
    ],
)
def test_any_layout_is_read_by_its_own_description(real, whole):
    message = foreign(
        {
            "skeleton": whole,
            "extra": (PointField.UINT16, "<u2"),
            "confidence": real,
            "v": real,
            "instance_id": whole,
            "u": real,
        }
    )
    sent, got = keypoints(), decode_keypoints(message)
    for name in ("uv", "confidence", "instance_id", "skeleton"):
        np.testing.assert_array_equal(getattr(got, name), getattr(sent, name))


def test_optional_fields_have_defaults():
    real = (PointField.FLOAT32, "<f4")
    got = decode_keypoints(foreign({"u": real, "v": real, "confidence": real}))
    assert got.instance_id.tolist() == [-1, -1]
    assert got.skeleton.tolist() == [0, 0]


@pytest.mark.parametrize(("height", "width"), [(0, 0), (0, 17), (1, 0)])
def test_a_cloud_without_points_is_an_empty_frame(height, width):
    assert decode_keypoints(PointCloud2(height=height, width=width)).uv.shape == (0, width, 2)


def set_big_endian(message: PointCloud2) -> None:
    message.is_bigendian = True


def drop_confidence(message: PointCloud2) -> None:
    message.fields = [f for f in message.fields if f.name != "confidence"]


def whole_u(message: PointCloud2) -> None:
    message.fields[0].datatype = PointField.INT32


def real_skeleton(message: PointCloud2) -> None:
    message.fields[4].datatype = PointField.FLOAT32


def unknown_type(message: PointCloud2) -> None:
    message.fields[1].datatype = 99


def many_values(message: PointCloud2) -> None:
    message.fields[0].count = 2


def far_offset(message: PointCloud2) -> None:
    message.fields[4].offset = 18


def truncate(message: PointCloud2) -> None:
    message.data = message.data[:-1]


def short_rows(message: PointCloud2) -> None:
    message.row_step = 99


def other_id_in_row(message: PointCloud2) -> None:
    message.data[20 + 12] = 200


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (set_big_endian, "big-endian.*little-endian"),
        (drop_confidence, "no field confidence.*found u, v.*expected u, v, confidence"),
        (whole_u, "field u is int32; publish it as float32"),
        (real_skeleton, "field skeleton is float32; publish it as an integer"),
        (unknown_type, "field v is unknown type 99"),
        (many_values, "field u has count 2"),
        (far_offset, "field skeleton ends at byte 22, beyond point_step 20"),
        (truncate, "truncated: 199 bytes.*200"),
        (short_rows, "row_step is 99.*100"),
        (other_id_in_row, "instance_id changes along row 0"),
    ],
)
def test_bad_clouds_are_refused_with_the_reason(spoil, says):
    message = encode_keypoints(header(), keypoints())
    spoil(message)
    with pytest.raises(MessageError, match=says):
        decode_keypoints(message)


@pytest.mark.parametrize("both", [True, False], ids=["both unsigned", "one unsigned"])
def test_numbers_beyond_int32_are_refused_and_not_wrapped(both):
    message = encode_keypoints(header(), keypoints())
    for field in message.fields:
        if field.name == "instance_id" or (both and field.name == "skeleton"):
            field.datatype = PointField.UINT32
    assert decode_keypoints(message).instance_id.tolist() == [7, 8]
    for column in range(5):
        place = 20 * (5 + column) + 12
        message.data[place : place + 4] = array("B", (3_000_000_000).to_bytes(4, "little"))
    with pytest.raises(MessageError, match="instance_id is 3000000000 in row 1; give numbers up"):
        decode_keypoints(message)


def test_adapter_keeps_stamp_and_marks_missing_keypoints():
    sent = keypoints()
    sent.uv[0, 1] = np.nan
    sent.confidence[0, 2] = np.nan
    sent.confidence[0, 3] = 7
    got = adapt(encode_keypoints(header(), sent), RIGS)
    assert (got.stamp.sec, got.stamp.nanosec, got.frame_id) == (
        12,
        345_678_901,
        "camera_optical_frame",
    )
    assert np.isfinite(got.keypoints).all()
    assert got.confidence[0, 1] == got.confidence[0, 2] == 0
    assert got.confidence[0, 3] == 1


@pytest.mark.parametrize("index", [-1, 2])
def test_adapter_refuses_a_rig_that_is_not_in_use(index):
    sent = keypoints()
    sent.skeleton[1] = index
    with pytest.raises(MessageError, match=f"skeleton index {index} in row 1.*five, three"):
        adapt(encode_keypoints(header(), sent), RIGS)


def test_adapter_refuses_other_numbers_of_keypoints():
    with pytest.raises(MessageError, match=r"row 0 has only 4 keypoints.*'five' has 5"):
        adapt(encode_keypoints(header(), keypoints(width=4)), RIGS)
    sent = keypoints()
    sent.confidence[1, 3] = 0.5
    with pytest.raises(MessageError, match=r"row 1 has more than 3 keypoints.*'three' has 3"):
        adapt(encode_keypoints(header(), sent), RIGS)


@pytest.mark.parametrize("which", ["keypoints", "points"])
def test_the_bytes_on_the_wire_are_those_of_an_independent_serialiser(which):
    serialization = pytest.importorskip("rclpy.serialization", reason="needs rclpy")
    rosbags = pytest.importorskip("rosbags.typesys", reason="needs rosbags")
    store = rosbags.get_typestore(rosbags.Stores.ROS2_JAZZY)
    if which == "keypoints":
        message = encode_keypoints(header(), keypoints())
    else:
        message = encode_points(header(), points(), np.array([5, 3]))
    ours = serialization.serialize_message(message)
    kind = "sensor_msgs/msg/PointCloud2"
    theirs = store.deserialize_cdr(ours, kind)
    assert theirs.header.stamp.nanosec == 345_678_901
    assert [f.name for f in theirs.fields] == [f.name for f in message.fields]
    golden = store.types[kind](
        header=store.types["std_msgs/msg/Header"](
            stamp=store.types["builtin_interfaces/msg/Time"](sec=12, nanosec=345_678_901),
            frame_id="camera_optical_frame",
        ),
        height=2,
        width=5,
        fields=[
            store.types["sensor_msgs/msg/PointField"](
                name=f.name, offset=f.offset, datatype=f.datatype, count=1
            )
            for f in message.fields
        ],
        is_bigendian=False,
        point_step=message.point_step,
        row_step=message.point_step * 5,
        data=np.frombuffer(bytes(message.data), np.uint8),
        is_dense=which == "keypoints",
    )
    bytes_of_golden = bytes(store.serialize_cdr(golden, kind))
    # Padding between members is undefined in CDR and comes uncleared from Fast CDR, so ours goes
    # through the other serialiser once before the bytes are compared.
    assert bytes(store.serialize_cdr(theirs, kind)) == bytes_of_golden
    assert len(ours) == len(bytes_of_golden)
    assert serialization.deserialize_message(bytes_of_golden, PointCloud2) == message
