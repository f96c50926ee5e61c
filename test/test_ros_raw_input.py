"""PointCloud2 read from its bytes: as rclpy reads it, and no bytes do any harm."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from synthetic import MANY

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters import load_adapter
from lfm_ros.ros.adapters.pointcloud2 import adapt
from lfm_ros.ros.cdr_reader import CdrReader, read_cloud
from lfm_ros.ros.clouds import KEYPOINT_DTYPE, Keypoints, decode_keypoints, encode_keypoints
from lfm_ros.ros.keypoint_stream import KeypointStream
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.sequence_gaps import SequenceGaps

RIG = Skeleton(["a", "b", "c", "d"], [(0, 1), (1, 2), (2, 3)], name="rig")
PLAIN = ("height", "width", "is_bigendian", "point_step", "row_step", "is_dense")
UINT32 = st.integers(0, 2**32 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def cloud(count: int = 2, seed: int = 0) -> PointCloud2:
    random = np.random.default_rng(seed)
    keypoints = Keypoints(
        random.uniform(0, 640, (count, 4, 2)).astype(np.float32),
        random.uniform(0, 1, (count, 4)).astype(np.float32),
        np.arange(count, dtype=np.int32),
        np.zeros(count, np.int32),
    )
    return encode_keypoints(Header(stamp=Time(sec=7, nanosec=9), frame_id="camera"), keypoints)


FIELDS = st.builds(
    PointField,
    name=TEXT,
    offset=UINT32,
    datatype=st.integers(0, 255),
    count=UINT32,
)
CLOUDS = st.builds(
    PointCloud2,
    header=st.builds(
        Header,
        stamp=st.builds(Time, sec=st.integers(-(2**31), 2**31 - 1), nanosec=UINT32),
        frame_id=TEXT,
    ),
    height=UINT32,
    width=UINT32,
    fields=st.lists(FIELDS, max_size=4),
    is_bigendian=st.booleans(),
    point_step=UINT32,
    row_step=UINT32,
    data=st.binary(max_size=40),
    is_dense=st.booleans(),
)


@MANY
@given(CLOUDS)
def test_every_field_is_as_rclpy_reads_it(message):
    data = serialize_message(message)
    (ours, start), theirs = read_cloud(data), deserialize_message(data, PointCloud2)
    assert (ours.header.stamp, ours.header.frame_id) == (
        theirs.header.stamp,
        theirs.header.frame_id,
    )
    for name in PLAIN:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert [(f.name, f.offset, f.datatype, f.count) for f in ours.fields] == [
        (f.name, f.offset, f.datatype, f.count) for f in theirs.fields
    ]
    assert bytes(ours.data) == bytes(theirs.data) == data[start : start + len(ours.data)]


def test_the_adapter_reads_bytes_as_it_reads_the_message():
    assert load_adapter(LifterParameters).raw
    message = cloud(5)
    ours, theirs = adapt(serialize_message(message), [RIG]), adapt(message, [RIG])
    for name in ("keypoints", "confidence", "instance_id", "skeleton"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert (ours.stamp, ours.frame_id) == (theirs.stamp, theirs.frame_id)


def same(ours: Keypoints, theirs: Keypoints) -> None:
    for name in ("uv", "confidence", "instance_id", "skeleton"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_what_was_read_before_does_not_show():
    """Clouds of one stream, and others in between that begin alike."""
    read = KeypointStream()
    sent = [cloud(2, 1), cloud(2, 2), cloud(3, 3), cloud(0), cloud(2, 4), cloud(2, 5), cloud(2, 6)]
    sent[1].is_dense = False
    sent[4].header.stamp = Time(sec=-5, nanosec=2**32 - 1)
    sent[5].header.frame_id = "canera"
    sent[6].fields[0].name, sent[6].fields[1].name = "v", "u"
    for message in [*sent, *reversed(sent)]:
        header, ours = read(serialize_message(message))
        assert (header.stamp, header.frame_id) == (message.header.stamp, message.header.frame_id)
        same(ours, decode_keypoints(message))
    whole = serialize_message(sent[0])
    read(whole)
    for length in range(len(whole)):
        with pytest.raises(MessageError):
            read(whole[:length])


def test_more_descriptions_than_are_remembered():
    read = KeypointStream()
    for count in [*range(40), *range(39, 0, -1), *[3] * 40]:
        message = cloud(count, count)
        same(read(serialize_message(message))[1], decode_keypoints(message))


def test_what_is_wrong_with_the_points_is_found_behind_good_ones_too():
    read = KeypointStream()
    read(serialize_message(cloud(3)))
    cells = np.frombuffer(cloud(3).data, KEYPOINT_DTYPE).reshape(3, 4).copy()
    cells["skeleton"][2, 1] = 7
    wrong = cloud(3)
    wrong.data = array("B", cells.tobytes())
    with pytest.raises(MessageError, match="field skeleton changes along row 2"):
        read(serialize_message(wrong))
    same(read(serialize_message(cloud(3)))[1], decode_keypoints(cloud(3)))


def test_a_publisher_whose_numbers_begin_with_the_big_end():
    rosbags = pytest.importorskip("rosbags.typesys", reason="needs rosbags")
    store = rosbags.get_typestore(rosbags.Stores.ROS2_JAZZY)
    kind = "sensor_msgs/msg/PointCloud2"
    theirs = store.deserialize_cdr(serialize_message(cloud()), kind)
    swapped = bytes(store.serialize_cdr(theirs, kind, little_endian=False))
    ours, _ = read_cloud(swapped)
    assert (ours.header.stamp.nanosec, ours.width, ours.fields[1].offset) == (9, 4, 4)
    np.testing.assert_array_equal(adapt(swapped, [RIG]).keypoints, adapt(cloud(), [RIG]).keypoints)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\1\0", b"\0\3\0\0", b"\7" * 64])
def test_what_is_not_plain_cdr_is_refused(data):
    with pytest.raises(MessageError, match="plain CDR"):
        CdrReader(data)


def test_every_truncation_is_refused_or_read_whole():
    data = serialize_message(cloud())
    for length in range(len(data)):
        with pytest.raises(MessageError):
            read_cloud(data[:length])


def test_numbers_of_fields_and_bytes_that_cannot_be_are_refused_at_once():
    data = bytearray(serialize_message(cloud()))
    at = data.index(b"\x05\0\0\0\x02\0\0\0u\0")  # five fields, the first of them named u
    data[at : at + 4] = b"\xff" * 4
    with pytest.raises(MessageError, match="4294967295 fields"):
        read_cloud(bytes(data))
    data = bytearray(serialize_message(cloud()))
    at = data.rindex(b"\xa0\0\0\0")  # 160 bytes of points
    data[at : at + 4] = b"\xff" * 4
    with pytest.raises(MessageError, match="too early"):
        read_cloud(bytes(data))


def test_an_empty_cloud_that_claims_many_columns_costs_nothing():
    got = adapt(serialize_message(PointCloud2(height=0, width=2**32 - 1)), [RIG])
    assert got.keypoints.shape == (0, 0, 2)


@MANY
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=6))
@example([(2, 255)])
def test_changed_bytes_are_read_or_refused(changes):
    data = bytearray(serialize_message(cloud(3)))
    for place, value in changes:
        data[place % len(data)] = value
    try:
        got = adapt(bytes(data), [RIG])
    except MessageError:
        return
    assert np.isfinite(got.keypoints).all()
    assert ((got.confidence >= 0) & (got.confidence <= 1)).all()


def test_gaps_in_the_numbers_of_a_publisher_are_messages_that_were_lost():
    def lost(*numbers: int | None) -> list[int]:
        gaps = SequenceGaps()
        return [gaps.lost({"publication_sequence_number": number}) for number in numbers]

    assert lost(4, 5, 6, 9, 10, 20) == [0, 0, 0, 2, 0, 9]
    assert lost(90, 91, 1, 2, 4) == [0, 0, 0, 0, 1]  # the publisher has started again
    assert lost(None, None, 7, None, 9) == [0, 0, 0, 0, 0]  # a middleware that does not count
    assert SequenceGaps().lost({}) == 0
