"""The tree of transforms of a recording, against scipy and by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from lfm_ros.bags.transforms import RecordedTransforms
from lfm_ros.core.errors import FrameError
from lfm_ros.core.rigid import Rigid

SECOND = 1_000_000_000


def message(seconds: float, parent: str, child: str, shift: Any, quat_xyzw: Any) -> Any:
    sec, nanosec = divmod(round(seconds * SECOND), SECOND)
    stamp = SimpleNamespace(sec=sec, nanosec=nanosec)
    transform = SimpleNamespace(
        translation=SimpleNamespace(**dict(zip("xyz", shift, strict=True))),
        rotation=SimpleNamespace(**dict(zip("xyzw", quat_xyzw, strict=True))),
    )
    head = SimpleNamespace(stamp=stamp, frame_id=parent)
    stamped = SimpleNamespace(header=head, child_frame_id=child, transform=transform)
    return SimpleNamespace(transforms=[stamped])


def tree(moving: list[Any], fixed: list[Any] = (), complaints: list[str] | None = None) -> Any:
    said = [] if complaints is None else complaints
    return RecordedTransforms(moving, fixed, said.append)


def some(seed: int, count: int) -> tuple[Rotation, np.ndarray]:
    return Rotation.random(count, random_state=seed), np.random.default_rng(seed).normal(
        size=(count, 3)
    )


IDENTITY = (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("flipped", [1, -1])
def test_in_between_is_as_scipy_has_it(flipped):
    """In any order of messages, with either sign of a quaternion."""
    turns, shifts = some(0, 6)
    times = np.array([0.0, 1.0, 1.5, 4.0, 4.25, 9.0])
    told = [
        message(t, "odom", "base", shift, turn.as_quat() * flipped ** (i % 2))
        for i, (t, turn, shift) in enumerate(zip(times, turns, shifts, strict=True))
    ]
    known = tree([told[i] for i in (3, 0, 5, 1, 4, 2)])
    asked = np.concatenate([times, np.random.default_rng(1).uniform(0, 9, 40)])
    expected = Slerp(times, turns)(asked).as_matrix()
    for seconds, turn in zip(asked, expected, strict=True):
        found = known.between("odom", "base", round(seconds * SECOND))
        np.testing.assert_allclose(found.rotation, turn, atol=1e-6)
        shift = [np.interp(seconds, times, shifts[:, axis]) for axis in range(3)]
        np.testing.assert_allclose(found.shift, shift, atol=1e-6)


@pytest.mark.parametrize("degrees", [0.0, 1e-7, 1e-3, 179.9])
def test_the_smallest_and_the_largest_turns_are_exact(degrees):
    ends = Rotation.from_rotvec(np.deg2rad([[0, 0, 0], [0, degrees, 0]]))
    told = [message(t, "a", "b", (0, 0, 0), q) for t, q in enumerate(ends.as_quat())]
    found = Rotation.from_matrix(tree(told).between("a", "b", SECOND // 4).rotation)
    assert np.rad2deg(found.magnitude()) == pytest.approx(degrees / 4, abs=1e-9)


def test_the_way_goes_up_and_down_the_tree():
    turns, shifts = some(2, 4)
    steps = [("map", "odom"), ("odom", "base"), ("base", "camera"), ("odom", "marker")]
    told = [
        message(5.0, parent, "/" + child, shift, turn.as_quat())
        for (parent, child), turn, shift in zip(steps, turns, shifts, strict=True)
    ]
    known = tree(told[:2], told[2:])
    to_map, to_odom, to_base, marker = (
        Rigid(turn.as_matrix(), shift) for turn, shift in zip(turns, shifts, strict=True)
    )
    now = 5 * SECOND
    for target, source, expected in (
        ("map", "camera", to_map @ to_odom @ to_base),
        ("camera", "map", (to_map @ to_odom @ to_base).inverse()),
        ("marker", "/camera", marker.inverse() @ to_odom @ to_base),
        ("base", "base", Rigid(np.eye(3), np.zeros(3))),
    ):
        found = known.between(target, source, now)
        np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-12)
        np.testing.assert_allclose(found.shift, expected.shift, atol=1e-12)
    # What does not move is known at any time, and what lies beyond the way is not asked.
    assert known.between("base", "camera", 0).shift == pytest.approx(to_base.shift)
    with pytest.raises(FrameError, match="begins after"):
        known.between("odom", "camera", now - 1)


def test_a_frame_can_be_handed_over():
    told = [
        message(0.0, "table", "cup", (0, 0, 1), IDENTITY),
        message(2.0, "hand", "cup", (0, 0, 5), IDENTITY),
        message(4.0, "hand", "cup", (0, 0, 7), IDENTITY),
    ]
    known = tree(told)
    assert known.between("table", "cup", SECOND).shift[2] == 1
    assert known.between("hand", "cup", 3 * SECOND).shift[2] == 6
    with pytest.raises(FrameError, match=r"nothing .* connects 'cup' with 'table'"):
        known.between("table", "cup", 3 * SECOND)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.9, "'base' begins after"),
        (31.1, "'base' ends before"),
        (9.0, "pauses for more than 10 s"),
    ],
)
def test_what_is_not_told_is_not_invented(seconds, said):
    told = [message(t, "odom", "base", (t, 0, 0), IDENTITY) for t in (1.0, 2.0, 20.0, 30.0, 31.0)]
    known = tree(told)
    with pytest.raises(FrameError, match=said):
        known.between("odom", "base", round(seconds * SECOND))
    assert known.between("odom", "base", 25 * SECOND).shift[0] == 25


def test_names_that_are_not_there_are_told_with_those_that_are():
    with pytest.raises(FrameError, match=r"'moon' is not .*, which has base, odom"):
        tree([message(0, "odom", "base", (0, 0, 0), IDENTITY)]).between("moon", "base", 0)
    with pytest.raises(FrameError, match="which has nothing"):
        tree([]).between("a", "b", 0)
    many = [message(0, "root", f"frame_{i:02}", (0, 0, 0), IDENTITY) for i in range(40)]
    with pytest.raises(FrameError, match=r"frame_11, \.\.\.$"):
        tree(many).between("a", "root", 0)


@pytest.mark.parametrize(
    ("parent", "child", "shift", "quat"),
    [
        ("odom", "base", (0, 0, 0), (0, 0, 0, 0)),
        ("odom", "base", (0, 0, 0), (0, 0, 0, 1.1)),
        ("odom", "base", (0, 0, 0), (0, 0, 0, np.nan)),
        ("odom", "base", (np.inf, 0, 0), IDENTITY),
        ("odom", "", (0, 0, 0), IDENTITY),
        ("", "base", (0, 0, 0), IDENTITY),
        ("base", "/base", (0, 0, 0), IDENTITY),
    ],
)
@pytest.mark.parametrize("fixed", [False, True])
def test_what_is_no_transform_is_left_out_and_said(parent, child, shift, quat, fixed):
    said: list[str] = []
    wrong = [message(0.0, parent, child, shift, quat)]
    right = [message(0.0, "odom", "other", (1, 2, 3), IDENTITY)]
    known = tree([*right, *([] if fixed else wrong)], wrong if fixed else [], said)
    assert len(said) == 1
    assert "left out" in said[0]
    np.testing.assert_array_equal(known.between("odom", "other", 0).shift, (1, 2, 3))
    with pytest.raises(FrameError):
        known.between("odom", "base", 0)


def test_a_circle_ends():
    told = [message(0, "a", "b", (0, 0, 1), IDENTITY), message(0, "b", "a", (0, 0, 1), IDENTITY)]
    told.append(message(0, "root", "c", (0, 0, 0), IDENTITY))
    with pytest.raises(FrameError, match="connects"):
        tree(told).between("c", "a", 0)
