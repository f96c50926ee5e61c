"""Frames whose bodies come in messages of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from numpy.testing import assert_array_equal

from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.gathering import Gathering


def part(number: int, second: float, width: int = 3) -> Keypoints2D:
    """One instance that is known by its number."""
    return Keypoints2D(
        keypoints=np.full((1, width, 2), number, np.float32),
        confidence=np.ones((1, width), np.float32),
        instance_id=np.array([number], np.int32),
        skeleton=np.zeros(1, np.int32),
        stamp=Time(sec=int(second), nanosec=int(second % 1 * 1e9)),
        frame_id="camera",
        normalized=True,
    )


def ids(frames: list[Keypoints2D]) -> list[list[int]]:
    return [frame.instance_id.tolist() for frame in frames]


def of_two(patience: float) -> Gathering:
    """Bodies 1 and 2 are known."""
    made = Gathering(patience)
    assert ids(made.add("a", part(1, 10.0))[0]) == [[1]]
    assert made.add("b", part(2, 10.0)) == ([], True)
    made.add("a", part(1, 10.1))
    assert ids(made.add("b", part(2, 10.1))[0]) == [[1, 2]]
    return made


@pytest.fixture
def gathering() -> Gathering:
    return of_two(patience=1e9)


def test_what_is_said_of_parts_is_said_once_of_their_frame(gathering):
    said = {"left_out": ("a dog",), "doubts": ("a hand?",), "highest_score": 3.0}
    gathering.add("a", replace(part(1, 10.2), **said))
    ((frame,), _) = gathering.add("b", replace(part(2, 10.2), **said))
    assert ids([frame]) == [[1, 2]]
    assert {name: getattr(frame, name) for name in said} == said


def test_a_frame_waits_for_everybody(gathering):
    assert gathering.add("b", part(2, 10.3)) == ([], False)
    frames, late = gathering.add("a", part(1, 10.3, width=5))
    assert (ids(frames), late) == ([[2, 1]], False)
    assert frames[0].normalized
    assert frames[0].keypoints.shape == (2, 5, 2)
    assert_array_equal(frames[0].confidence, [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    assert_array_equal(frames[0].keypoints[0, :, 0], [2, 2, 2, 0, 0])


def test_who_lags_behind_starts_no_second_frame_of_a_stamp():
    gathering = Gathering(patience=1e9)
    assert ids(gathering.add("a", part(1, 10.0))[0]) == [[1]]
    assert gathering.add("b", part(2, 9.9)) == ([], True)
    assert gathering.add("b", part(2, 10.0)) == ([], True)


def test_who_stays_away_holds_up_one_frame_only(gathering):
    assert gathering.add("a", part(1, 10.3)) == ([], False)
    assert ids(gathering.add("a", part(1, 10.4))[0]) == [[1], [1]]
    assert ids(gathering.add("a", part(1, 10.5))[0]) == [[1]]


def test_who_comes_late_is_waited_for_next_time(gathering):
    gathering.add("a", part(1, 10.3))
    gathering.add("a", part(1, 10.4))
    assert gathering.add("b", part(2, 10.3)) == ([], True)
    assert gathering.add("a", part(1, 10.5)) == ([], False)
    assert ids(gathering.add("b", part(2, 10.5))[0]) == [[1, 2]]


def test_patience_ends(gathering):
    gathering.add("a", part(1, 10.3))
    assert gathering.overdue() == []
    impatient = of_two(patience=0.0)
    impatient.add("a", part(1, 10.3))
    assert ids(impatient.overdue()) == [[1]]
    assert impatient.overdue() == []


def test_who_leaves_is_not_waited_for(gathering):
    gathering.add("a", part(1, 10.3))
    assert ids(gathering.leave("b")) == [[1]]


def test_when_the_last_one_leaves_there_is_an_empty_frame(gathering):
    assert gathering.leave("b") == []
    (nobody,) = gathering.leave("a")
    assert (len(nobody), nobody.stamp) == (0, part(1, 10.1).stamp)
    assert gathering.leave("a") == []


def test_a_clock_that_is_set_back(gathering):
    gathering.add("a", part(1, 2.0))
    assert ids(gathering.add("b", part(2, 2.0))[0]) == [[1, 2]]


def test_stamps_that_stand_still():
    gathering = Gathering()
    sent = [gathering.add(source, part(number, 0.0)) for number, source in enumerate("aaa")]
    assert [ids(frames) for frames, _ in sent] == [[[0]], [[1]], [[2]]]
