"""Messages made as bytes say what the plain messages say, or are not made."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import FEW

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import ColorRGBA, String
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.rotations import random_rotations
from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.first_seen import FirstSeen
from lfm_ros.ros import fast_messages
from lfm_ros.ros.cdr import Blank, Template, TemplateError
from lfm_ros.ros.fast_messages import FastMessages, Part
from lfm_ros.ros.lifted_cloud import CloudBuilder
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.markers import MarkerBuilder
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.rate_limit import RateLimit
from lfm_ros.ros.transforms import TransformBuilder
from lfm_ros.tracked import Tracked

ROOT = RootFrame(origin=(0,), z_from=(0,), z_to=(1,), y_from=(0,), y_to=(2,))
LONG = Skeleton(list("abcde"), [(0, 1), (1, 2), (2, 3), (3, 4)], name="long")
SHORT = Skeleton(list("xyz"), [(0, 1), (0, 2)], root=ROOT, name="short")
LOOSE = Skeleton(list("pq"), [], name="loose")
RIGS = [LONG, SHORT, LOOSE]
SETTINGS = LifterParameters(marker_filled_alpha=0.25)


def frame(skeletons: list[int], seed: int, frame_id: str = "camera") -> LiftedFrame:
    """Instances at random places, some of them not valid, some keypoints not known or not seen."""
    random = np.random.default_rng(seed)
    count = len(skeletons)
    widths = np.array([len(RIGS[s]) for s in skeletons], np.int64).reshape(-1)
    width = int(widths.max(initial=0))
    in_rig = np.arange(width) < widths[:, None]
    turns = random_rotations(count, random).astype(np.float32)
    loose = np.array(skeletons, np.int32).reshape(-1)[:, None] == 2
    stamp = Time(sec=int(random.integers(1, 2**31)), nanosec=17)
    tracked = Tracked(
        row=np.arange(count),
        predicted=np.zeros(count, bool),
        age=np.zeros(count, np.float32),
        instance_id=random.integers(-9, 99, count).astype(np.int32),
        skeleton=np.array(skeletons, np.int32),
        points=random.standard_normal((count, width, 3)).astype(np.float32),
        sigma=random.uniform(size=(count, width)).astype(np.float32),
        place_sigma=random.uniform(size=count).astype(np.float32),
        observed=in_rig & (random.uniform(size=(count, width)) > 0.3),
        known=in_rig & (~loose | (random.uniform(size=(count, width)) > 0.3)),
        valid=random.uniform(size=count) > 0.2,
        middle=random.standard_normal((count, 3)).astype(np.float32),
        scale_source=["nominal"] * count,
        unit=["m"] * count,
        find_first=partial(
            FirstSeen, random.standard_normal((count, width, 3)).astype(np.float32), turns
        ),
    )
    confidence = random.uniform(size=(count, width)).astype(np.float32)
    return LiftedFrame(stamp, frame_id, tracked, RIGS, confidence)


FRAMES = st.builds(frame, st.lists(st.integers(0, 2), max_size=9), st.integers(0, 999))


def complain(sentence: str) -> None:
    raise AssertionError(sentence)


def said(message: object, kind: type) -> object:
    """A message; only one that cannot have a template may be an object."""
    return deserialize_message(message, kind) if isinstance(message, bytes) else message


@pytest.fixture(scope="module")
def markers() -> tuple[MarkerBuilder, MarkerBuilder]:
    return MarkerBuilder(RIGS, fast=True, tell=complain), MarkerBuilder(RIGS)


def test_markers(markers):
    fast, plain = markers

    @FEW
    @given(FRAMES)
    def same(lifted):
        made = fast.build(lifted, SETTINGS)
        assert said(made, MarkerArray) == plain.build(lifted, SETTINGS)
        assert isinstance(made, bytes) == bool(
            (lifted.tracked.known & lifted.tracked.valid[:, None]).any()
        )

    same()


def test_markers_of_rigs_without_edges(markers):
    fast, plain = markers
    lifted = frame([2, 2, 2], 1)
    made = fast.build(lifted, SETTINGS)
    assert isinstance(made, bytes)
    assert said(made, MarkerArray) == plain.build(lifted, SETTINGS)
    assert said(made, MarkerArray).markers[1].action == Marker.DELETE


def test_markers_follow_the_settings_and_the_frame(markers):
    fast, plain = markers
    changed = LifterParameters(
        marker_point_size=0.5, marker_line_width=0.25, marker_lifetime=2.5, marker_alpha=0.75
    )
    for settings in (SETTINGS, changed, SETTINGS):
        for frame_id in ("camera", "", "a/frame_of another name ä"):
            lifted = frame([0, 1, 0], 5, frame_id)
            made = fast.build(lifted, settings)
            assert isinstance(made, bytes)
            assert said(made, MarkerArray) == plain.build(lifted, settings)


def test_clouds():
    fast, plain = CloudBuilder(fast=True, tell=complain), CloudBuilder()

    @FEW
    @given(FRAMES)
    def same(lifted):
        slots = np.arange(len(lifted.tracked), dtype=np.int16) - 1
        made = fast.build(lifted, slots)
        # NaN is not equal to itself, but its bytes are.
        assert said(made, PointCloud2) == plain.build(lifted, slots)
        assert isinstance(made, bytes) == bool(len(lifted.tracked))

    same()


@pytest.mark.parametrize("naming", ["plain", "rep155"])
def test_transforms(naming):
    tf2_msgs = pytest.importorskip("tf2_msgs.msg", reason="needs tf2_msgs")
    settings = LifterParameters(tf_naming=naming, max_tracks=3)
    fast = TransformBuilder(RIGS, settings, fast=True, tell=complain)
    plain = TransformBuilder(RIGS, settings)

    @FEW
    @given(FRAMES, st.booleans())
    def same(lifted, keypoints):
        made, without = fast.message(lifted, keypoints=keypoints)
        transforms, also_without = plain.build(lifted, keypoints=keypoints)
        assert without == also_without
        if transforms:
            assert isinstance(made, bytes)
            assert said(made, tf2_msgs.TFMessage).transforms == transforms
        else:
            assert made is None

    same()


def test_sentinels_that_are_not_unique_make_no_template():
    data = serialize_message(String(data="1234 and 1234"))
    sentinel = np.frombuffer(b"1234", np.uint8)
    with pytest.raises(TemplateError, match="stand 2 times in the message; expected 1"):
        Template(data, {"word": Blank(sentinel)})
    changed = Template(data, {"word": Blank(sentinel, times=2)})
    made = changed.filled({"word": np.frombuffer(b"5678", np.uint8)})
    assert deserialize_message(made, String).data == "5678 and 5678"


def test_another_encoding_makes_no_template():
    with pytest.raises(TemplateError, match="encoded as 0000"):
        Template(b"\0\0\0\0" + bytes(8), {})


def test_a_sequence_without_its_length_makes_no_template():
    wrong = Template(b"\0\1\0\0" + bytes(8) + b"abcd", {"x": _sequence(b"abcd")})
    with pytest.raises(TemplateError, match="length of the sequence x"):
        wrong.filled({"x": np.zeros(2, np.uint8)})


def _sequence(content: bytes) -> Blank:
    return Blank(np.frombuffer(content, np.uint8), elastic=True)


def test_a_template_that_says_something_else_is_not_used():
    """A message that holds more than its numbers: here also their sum."""

    def with_sum(style, numbers):
        r, g = numbers["values"].tolist()
        return ColorRGBA(r=r, g=g, b=float(np.float32(r + g)))

    told: list[str] = []
    messages = FastMessages(with_sum, {"values": Part("<f4", (2,))}, tell=told.append)
    made = [messages.message("style", {"values": np.ones(2, np.float32)}) for _ in range(3)]
    assert made == [ColorRGBA(r=1.0, g=1.0, b=2.0)] * 3
    assert len(told) == 1
    assert "does not say what its message says" in told[0]


def test_a_middleware_with_another_encoding_gets_plain_messages(monkeypatch):
    """As if it serialised with the big end first."""
    monkeypatch.setattr(fast_messages, "serialize_message", lambda _: b"\0\0\0\0" + bytes(99))
    told: list[str] = []
    builder = MarkerBuilder(RIGS, fast=True, tell=told.append)
    lifted = frame([0, 1], 2)
    assert builder.build(lifted, SETTINGS) == MarkerBuilder(RIGS).build(lifted, SETTINGS)
    assert len(told) == 1
    assert "little-endian" in told[0]


def test_rate_limit_keeps_the_pace_of_the_stamps():
    limit = RateLimit()
    stamps = [round(1e9 * i / 30) for i in range(60)]
    assert sum(limit.lets_pass(stamp, 10.0) for stamp in stamps) == 20
    assert all(limit.lets_pass(stamp, 0.0) for stamp in stamps)
    assert [limit.lets_pass(stamp, 15.0) for stamp in stamps[:4]] == [True, False, True, False]
    assert limit.lets_pass(5 * 10**12, 15.0)
    assert limit.lets_pass(0, 15.0)  # time has begun anew
    limit.reset()
    assert limit.lets_pass(1, 15.0)
