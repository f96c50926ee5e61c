"""How an instance is turned: told by its points, whatever the network's canonical frame does."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_crowd import RATE_NS, K, bodies, lifted, without

from lfm_ros import Skeleton, Tracker
from lfm_ros.core.filters import FILTERS
from lfm_ros.core.orientation import turned_since
from lfm_ros.core.rigid import Rigid
from lfm_ros.core.rotations import angle_between, matrix_from_rotvec
from lfm_ros.instance_frames import instance_frames

SEEN = np.ones((1, K), bool)
DOWN_THE_ROAD = np.array([0.0, 0.0, 6.0])


def turns(count: int, seed: int = 0) -> np.ndarray:
    return matrix_from_rotvec(np.random.default_rng(seed).normal(0, 1.0, (count, 3)))


def degrees_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.degrees(angle_between(first, second))


def test_points_tell_the_turn_and_never_a_reflection():
    shapes, turn = bodies(40), turns(40)
    known = np.random.default_rng(1).random((40, K)) > 0.3
    now = shapes @ turn.swapaxes(1, 2)
    # What is not known says nothing, wherever it is.
    now[~known] = 100.0
    found = turned_since(shapes, now, known)
    assert np.median(degrees_between(found, turn)) < 1.0
    assert degrees_between(found, turn).max() < 4.0
    mirrored = turned_since(shapes, shapes * [1, 1, -1], np.ones((40, K), bool))
    np.testing.assert_allclose(np.linalg.det(mirrored), 1)


def test_where_points_say_nothing_there_is_no_turn():
    thin = np.linspace(-1, 1, K)[:, None] * [[0.0, 1.0, 0.0]]
    lean = matrix_from_rotvec(np.array([0.0, 0.0, 0.6]))
    noise = 1e-9 * np.random.default_rng(0).standard_normal((K, 3))
    # A stick that leans has leant, and has not been spun around itself.
    (found,) = turned_since(thin[None], (thin + noise)[None] @ lean.T, SEEN)
    assert degrees_between(found, lean) < 1.0
    for first, known in ((np.zeros((K, 3)), SEEN), (thin, ~SEEN)):
        (found,) = turned_since(first[None], thin[None] @ lean.T, known)
        np.testing.assert_allclose(found, np.eye(3), atol=1e-12)
    assert turned_since(np.zeros((0, K, 3)), np.zeros((0, K, 3)), SEEN[:0]).shape == (0, 3, 3)


@pytest.mark.parametrize("smoothing", FILTERS)
def test_an_object_that_turns_is_followed_though_its_canonical_frame_is_not(smoothing):
    tracker, (shape,), random = Tracker(smoothing), bodies(1), np.random.default_rng(0)
    start, steps = turns(1, 5)[0], []
    for step in range(90):
        true = matrix_from_rotvec(np.array([0.0, np.pi * step / 89, 0.0]))
        out = lifted((shape @ true.T + DOWN_THE_ROAD)[None], noise=0.01 * (step > 0), seed=step)
        # The network's own: trembling about where it was, with a leap now and then.
        leap = np.pi if step % 20 == 19 else 0.1
        tremble = matrix_from_rotvec(leap * random.normal(0, 1, 3)) if step else np.eye(3)
        out.rotation[0] = tremble @ start
        tracked = tracker.update(out, step * RATE_NS)
        assert degrees_between(tracked.orientation[0], true @ start) < 15
        steps.append(tracked.orientation[0])
    turned = degrees_between(np.array(steps[1:]), np.array(steps[:-1]))
    assert turned.max() < 8
    assert abs(turned[30:].mean() - 180 / 89) < 1.0


@pytest.mark.parametrize("smoothing", tuple(FILTERS)[1:])
def test_the_smoother_the_points_the_steadier_the_orientation(smoothing):
    jitter = {}
    for name in ("none", smoothing):
        tracker, (shape,), found = Tracker(name), bodies(1), []
        for step in range(120):
            out = lifted((shape + DOWN_THE_ROAD)[None], noise=0.03, seed=step)
            found.append(tracker.update(out, step * RATE_NS).orientation[0])
        jitter[name] = degrees_between(np.array(found[21:]), np.array(found[20:-1])).mean()
    assert jitter[smoothing] < 0.6 * jitter["none"]


def test_in_the_first_frame_it_is_what_was_lifted_and_who_is_lost_keeps_his():
    tracker, people = Tracker(), bodies(2) + [[[-1.0, 0, 6]], [[1.0, 0, 6]]]
    first = turns(2, 3).astype(np.float32)
    for step in range(10):
        out = lifted(people)
        out.rotation[:] = first if step == 0 else turns(2, step)
        tracked = tracker.update(out, step * RATE_NS, [5, 6])
        np.testing.assert_allclose(tracked.orientation, first, atol=1e-4)
    tracked = tracker.update(without(lifted(people), 0), 10 * RATE_NS, [5, 6])
    assert tracked.predicted.tolist() == [True, False]
    np.testing.assert_allclose(tracked.orientation, first, atol=1e-4)
    back = lifted(people[::-1])
    before = back.rotation.copy()
    tracked = tracker.update(back, 11 * RATE_NS, [6, 5])
    np.testing.assert_allclose(tracked.orientation, first[::-1], atol=1e-4)
    np.testing.assert_array_equal(back.rotation, before)


def test_the_frame_of_a_rig_without_a_root_is_its_middle_and_its_orientation():
    rig = Skeleton([f"p{i}" for i in range(K)])
    tracked = Tracker().update(lifted(bodies(3) + DOWN_THE_ROAD), 0)
    origins, rotations = instance_frames(tracked, [rig])
    np.testing.assert_array_equal(origins, tracked.middle)
    np.testing.assert_allclose(rotations, tracked.orientation, atol=1e-6)
    some = instance_frames(tracked, [rig], np.array([2]))
    np.testing.assert_allclose(some[1], rotations[2:], atol=1e-6)


@pytest.mark.parametrize("stretch", [(1, 1, 1), (1, 0.5, 0.02), (1, 0.02, 0.02)])
def test_it_is_the_same_in_another_frame(stretch):
    """Where points say little, too: there the least turn depends on nothing but the object."""
    optical = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    to_target = Rigid(optical @ turns(1, 9)[0], np.array([3.0, -2.0, 1.0]))
    tracker = Tracker("none")
    shapes = np.random.default_rng(0).uniform(-1, 1, (20, K, 3)) * stretch
    first = turns(20, 1)
    for step, turn in enumerate(turns(6, 2)):
        now = shapes @ (turn @ first).swapaxes(1, 2) + DOWN_THE_ROAD
        out = lifted(now, noise=0.01, seed=step)
        out.rotation[:] = first
        without(out, 3)
        tracked = tracker.update(out, step * RATE_NS, np.arange(20))
        moved = tracked.moved(to_target)
        rows = tracked.valid
        expected = to_target.rotation @ tracked.orientation[rows]
        assert degrees_between(moved.orientation[rows], expected).max() < 0.05
        np.testing.assert_allclose(
            moved.points[rows], to_target.apply(tracked.points[rows]), atol=1e-5
        )
        np.testing.assert_array_equal(moved.known, tracked.known)
        assert not moved.points[~rows].any()
        back = moved.moved(to_target.inverse())
        np.testing.assert_allclose(back.points, tracked.points, atol=1e-5)
        np.testing.assert_allclose(back.first_shape, tracked.first_shape, atol=1e-5)
