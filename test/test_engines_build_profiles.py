"""Which profile serves a call, and how a call is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.profiles import PROFILES, Shape, choose, dimensions, split


def test_the_profiles_are_those_of_the_plan():
    ranges = [(*profile.lowest, *profile.highest) for profile in PROFILES]
    assert ranges == [
        (1, 2, 1, 256),
        (1, 2, 64, 256),
        (64, 2, 1024, 32),
        (64, 33, 256, 136),
    ]
    for profile in PROFILES:
        assert profile.holds(*profile.usual)


@pytest.mark.parametrize(
    ("batch", "keypoints", "profile"),
    [
        (1, 2, 0),
        (1, 256, 0),
        (2, 17, 1),
        (64, 17, 1),
        (64, 256, 1),
        (65, 17, 2),
        (1024, 32, 2),
        (65, 33, 3),
        (256, 136, 3),
    ],
)
def test_the_first_that_holds_a_call_serves_it(batch, keypoints, profile):
    assert choose(batch, keypoints) == profile


@given(batch=st.integers(0, 5000), keypoints=st.integers(2, 256))
def test_every_call_is_cut_into_calls_that_a_profile_holds(batch, keypoints):
    parts = split(batch, keypoints)
    rows = [row for part in parts for row in range(batch)[part]]
    assert rows == list(range(batch))
    for part in parts:
        size = part.stop - part.start
        assert PROFILES[choose(size, keypoints)].holds(size, keypoints)
    sizes = [part.stop - part.start for part in parts]
    assert len(set(sizes[:-1])) <= 1
    assert all(size * keypoints <= 1024 * 34 for size in sizes), "the token budget"


def test_more_keypoints_than_an_engine_takes_go_to_onnx_runtime():
    for call in (choose, split):
        with pytest.raises(EngineError, match=r"257 keypoints.*\(256\).*ONNX Runtime takes them"):
            call(1, 257)
        with pytest.raises(EngineError, match=r"1 keypoints are fewer.*pad them"):
            call(1, 1)


def test_a_call_that_was_not_cut_is_refused_with_what_to_do():
    with pytest.raises(EngineError, match=r"300 instances of 133 keypoints, from 1 to 256.*split"):
        choose(300, 133)


def test_dimensions_are_what_the_manifest_says():
    size = Shape(5, 17)
    assert dimensions("float32 (B, K, 2)", size, 3) == (5, 17, 2)
    assert dimensions("float32 (S, K, K)", size, 3) == (3, 17, 17)
    assert dimensions("int32 (B,)", size, 3) == (5,)
    assert dimensions("float32 (B, 6): camera_known (1), up", size, 3) == (5, 6)
    for wrong in ("float32", "float32 (B, T)", "float32 ()"):
        with pytest.raises(EngineError, match=r"expected a shape of B, K, S"):
            dimensions(wrong, size, 3)
