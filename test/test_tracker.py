"""The tracker: who is who, what is predicted, and what a jump of time does."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from tracker_crowd import RATE_NS, K, bodies, lifted, standing, without

from lfm_ros import LfmError, Tracked, Tracker
from lfm_ros.core.errors import InputError
from lfm_ros.core.filters import FILTERS


def ids_of(tracked: Tracked) -> list[int]:
    return tracked.instance_id.tolist()


def test_people_keep_their_ids_whatever_row_they_are_in():
    tracker, people, random = Tracker(), standing(5), np.random.default_rng(0)
    first = tracker.update(lifted(people), 0)
    assert ids_of(first) == [0, 1, 2, 3, 4]
    for step in range(1, 20):
        order = random.permutation(5)
        out = tracker.update(lifted(people[order], noise=0.02, seed=step), step * RATE_NS)
        assert ids_of(out) == order.tolist()
        assert out.row.tolist() == list(range(5))
        np.testing.assert_allclose(out.age, step * RATE_NS * 1e-9, rtol=1e-5)


@pytest.mark.parametrize("smoothing", FILTERS)
def test_two_people_who_cross_are_not_mixed_up(smoothing):
    tracker, shapes = Tracker(smoothing), bodies(2)
    for step in range(60):
        # Towards each other at 1.2 m/s, half a metre apart in depth when they meet.
        shift = -1.2 + 0.04 * step
        roots = np.array([[shift, 0, 5.0], [-shift, 0, 5.5]])
        flip = step % 2
        people = (shapes + roots[:, None])[[flip, 1 - flip]]
        out = tracker.update(lifted(people, noise=0.02, seed=step), step * RATE_NS)
        if step == 0:
            expected = ids_of(out)
        assert ids_of(out) == [expected[flip], expected[1 - flip]]


def test_the_ids_of_the_detector_are_taken_over():
    tracker, people = Tracker(), standing(3)
    assert ids_of(Tracker().update(lifted(people), 0, [-8, 0, 2**31 - 1])) == [-8, 0, 2**31 - 1]
    assert ids_of(tracker.update(lifted(people), 0, [7, 3, 12])) == [7, 3, 12]
    assert ids_of(tracker.update(lifted(people[::-1]), RATE_NS, [12, 3, 7])) == [12, 3, 7]
    # Somebody whom it does not name for a frame is still the one that he was.
    assert ids_of(tracker.update(lifted(people), 2 * RATE_NS, [7, -1, 12])) == [7, 3, 12]


def test_ids_that_the_detector_swaps_are_followed_without_a_leap():
    tracker, people = Tracker("one_euro"), standing(2)
    for step in range(10):
        tracker.update(lifted(people), step * RATE_NS, [1, 2])
    out = tracker.update(lifted(people), 10 * RATE_NS, [2, 1])
    assert ids_of(out) == [2, 1]
    np.testing.assert_allclose(out.points, people, atol=1e-4)
    assert not out.predicted.any()


def test_nobody_is_younger_than_new():
    """A frame of 10 ms earlier is late, and no jump of time."""
    tracker, people = Tracker(), standing(2)
    tracker.update(lifted(people), 10**9)
    out = tracker.update(lifted(people), 10**9 - 10**7)
    assert ids_of(out) == [0, 1]
    assert out.age.tolist() == [0, 0]


def test_a_new_id_for_the_same_person_leaves_no_ghost_behind():
    tracker, people = Tracker(), standing(2)
    for step in range(5):
        tracker.update(lifted(people), step * RATE_NS, [1, 2])
    out = tracker.update(lifted(people), 5 * RATE_NS, [1, 9])
    assert ids_of(out) == [1, 9]
    assert out.age[1] > 0.1


def test_an_id_that_turns_up_elsewhere_is_not_smoothed_over_the_distance():
    tracker, people = Tracker(), standing(2)
    tracker.update(lifted(people[:1]), 0, [5])
    there = people[:1] + [[[3.0, 0, 2.0]]]
    out = tracker.update(lifted(there), RATE_NS, [5])
    assert ids_of(out) == [5]
    np.testing.assert_allclose(out.points, there, atol=1e-5)


def test_an_id_that_is_there_twice_names_nobody():
    tracker, people = Tracker(), standing(3)
    first = tracker.update(lifted(people), 0, [4, 4, 4])
    assert len(set(ids_of(first))) == 3
    assert ids_of(tracker.update(lifted(people), RATE_NS, [4, 4, 4])) == ids_of(first)
    # A track that bore the id goes on, and only once.
    tracker.update(lifted(people), 2 * RATE_NS, [11, 12, 13])
    out = tracker.update(lifted(people), 3 * RATE_NS, [11, 11, 13])
    assert ids_of(out) == [11, 12, 13]


def test_a_row_without_id_does_not_keep_a_name_that_another_bears():
    tracker, people = Tracker(), standing(2)
    tracker.update(lifted(people[:1]), 0, [5])
    out = tracker.update(lifted(people), RATE_NS, [-1, 5])
    assert out.instance_id[1] == 5
    assert out.instance_id[0] != 5


def test_own_ids_never_come_again_and_keep_clear_of_the_detectors():
    tracker, given = Tracker(prediction_time=0.0), set()
    for step in range(40):
        out = tracker.update(lifted(standing(2)), step * 10_000_000_000)
        assert out.restarted is (step > 0)
        assert not given & set(ids_of(out))
        given |= set(ids_of(out))
    assert ids_of(tracker.update(lifted(standing(1)), 0, [100])) == [100]
    mixed = ids_of(tracker.update(lifted(standing(3)), 1, [100, -1, -1]))
    assert mixed[0] == 100
    assert min(mixed[1:]) >= 1_000_000
    assert ids_of(tracker.update(lifted(standing(3)), 0, [3, 2**31 - 1, -1]))[1] == 2**31 - 1
    later = tracker.update(lifted(standing(4)), 10_000_000_000)
    assert len(set(ids_of(later))) == 4


def test_rigs_are_not_taken_for_one_another():
    tracker, people = Tracker(), standing(2)
    first = tracker.update(lifted(people), 0, skeleton=[0, 1])
    out = tracker.update(lifted(people), RATE_NS, skeleton=[1, 0])
    seen = out.row >= 0
    assert not set(out.instance_id[seen].tolist()) & set(ids_of(first))


@pytest.mark.parametrize("smoothing", FILTERS)
def test_a_walker_is_predicted_for_a_while_and_then_forgotten(smoothing):
    tracker, shape = Tracker(smoothing, prediction_time=0.3), bodies(1)
    walk = [0.8, 0.0, 0.0]
    for step in range(30):
        root = np.array(walk) * step * RATE_NS * 1e-9 + [-0.5, 0, 5]
        out = tracker.update(lifted(shape + root), step * RATE_NS)
    empty = lifted(np.zeros((0, K, 3)))
    gone = None
    for step in range(30, 50):
        out = tracker.update(empty, step * RATE_NS)
        seconds = (step - 29) * RATE_NS * 1e-9
        if seconds > 0.3:
            gone = len(out) if gone is None else max(gone, len(out))
            continue
        assert out.row.tolist() == [-1]
        assert out.predicted.all()
        assert out.valid.all()
        assert ids_of(out) == [0]
        assert not out.observed.any()
        assert out.sigma.min() > 0.05
        true = shape + np.array(walk) * step * RATE_NS * 1e-9 + [-0.5, 0, 5]
        assert np.abs(out.points - true).max() < 0.1
    assert gone == 0
    back = tracker.update(lifted(shape + [0.3, 0, 5]), 50 * RATE_NS)
    assert ids_of(back) == [1]


def test_a_false_alarm_is_not_spun_out():
    tracker, people = Tracker(), standing(2)
    tracker.update(lifted(people[:1]), 0)
    assert len(tracker.update(lifted(people[:0]), RATE_NS)) == 0
    # Not shown, but not forgotten either.
    assert ids_of(tracker.update(lifted(people[:1]), 2 * RATE_NS)) == [0]
    assert len(tracker.update(lifted(people[:0]), 4 * RATE_NS)) == 1
    assert len(tracker.update(lifted(people[:0]), 5 * RATE_NS)) == 0


def test_who_comes_back_in_time_is_still_the_same():
    tracker, people = Tracker(prediction_time=0.5), standing(3)
    for step in range(-10, 5):
        tracker.update(lifted(people), step * RATE_NS)
    for step in range(5, 15):
        out = tracker.update(lifted(people[[0, 2]]), step * RATE_NS)
        assert ids_of(out) == [0, 2, 1]
        assert out.predicted.tolist() == [False, False, True]
    out = tracker.update(lifted(people), 15 * RATE_NS)
    assert ids_of(out) == [0, 1, 2]
    assert not out.predicted.any()


def test_a_frame_in_which_somebody_cannot_be_lifted_shows_where_he_should_be():
    tracker, people = Tracker(), standing(3)
    tracker.update(lifted(people), -RATE_NS, [5, 6, 7])
    tracker.update(lifted(people), 0, [5, 6, 7])
    out = tracker.update(without(lifted(people), 1), RATE_NS, [5, 6, 7])
    assert ids_of(out) == [5, 6, 7]
    assert out.predicted.tolist() == [False, True, False]
    assert out.row.tolist() == [0, -1, 2]
    np.testing.assert_allclose(out.points[1], people[1], atol=1e-4)
    # Somebody whom nobody knows yet stays invalid, and in his row.
    out = tracker.update(without(lifted(standing(4)), 1), 2 * RATE_NS, [5, 8, 7, 9])
    assert ids_of(out)[:4] == [5, 8, 7, 9]
    assert out.valid.tolist()[:4] == [True, False, True, True]
    assert out.row.tolist()[:4] == [0, 1, 2, 3]
    assert not out.points[1].any()


def test_a_row_that_never_can_be_lifted_does_not_disturb_the_others():
    tracker, people = Tracker(), standing(2)
    for step in range(3):
        got = tracker.update(without(lifted(people), 1), step * RATE_NS)
        assert got.valid.tolist() == [True, False]
        assert ids_of(got) == [0, -1]
        np.testing.assert_allclose(got.points[0], people[0], atol=1e-4)


@pytest.mark.parametrize("jump", [-1_000_000_000, -(10**15), 6_000_000_000, 10**17])
def test_a_jump_of_time_forgets_everybody(jump):
    tracker, people = Tracker(), standing(2)
    start = 10**16
    for step in range(3):
        tracker.update(lifted(people), start + step * RATE_NS)
    out = tracker.update(lifted(people), start + 3 * RATE_NS + jump)
    assert out.restarted
    assert ids_of(out) == [2, 3]
    assert out.age.tolist() == [0, 0]
    assert not tracker.update(lifted(people), start + 4 * RATE_NS + jump).restarted


def test_frames_in_the_wrong_order_are_no_jump():
    tracker, people = Tracker(), standing(2)
    stamps = [0, 2, 1, 3, 5, 4, 6]
    for stamp in stamps:
        out = tracker.update(lifted(people, noise=0.01, seed=stamp), stamp * RATE_NS)
        assert ids_of(out) == [0, 1]
        assert not out.restarted
        assert np.isfinite(out.points).all()


@pytest.mark.parametrize("smoothing", FILTERS)
def test_stamps_that_stand_still_do_not_freeze_anybody(smoothing):
    tracker, people = Tracker(smoothing), standing(1)
    for step in range(20):
        there = people + [[[0.05 * step, 0, 0]]]
        out = tracker.update(lifted(there), 0)
        np.testing.assert_allclose(out.points, there, atol=1e-5)
        assert ids_of(out) == [0]


def test_rigs_of_other_widths_come_and_go():
    tracker = Tracker(prediction_time=0.1)
    wide = np.concatenate([standing(2), standing(2) + 0.1], 1)
    tracker.update(lifted(wide), -RATE_NS)
    assert tracker.update(lifted(wide), 0).points.shape == (2, 2 * K, 3)
    out = tracker.update(lifted(standing(1)), RATE_NS, skeleton=[1])
    # Those who are predicted have all of their keypoints.
    assert out.points.shape == (3, 2 * K, 3)
    assert not out.known[0, K:].any()
    assert not out.points[0, K:].any()
    for step in range(2, 8):
        out = tracker.update(lifted(standing(1)), step * RATE_NS, skeleton=[1])
    assert out.points.shape == (1, K, 3)


def test_a_thousand_people_and_none():
    tracker = Tracker()
    side = np.arange(1000)
    roots = np.stack([side % 40 - 20, side // 40 - 12, np.full(1000, 30.0)], -1) * [1.2, 2.0, 1.0]
    people = bodies(1000) + roots[:, None]
    assert len(set(ids_of(tracker.update(lifted(people), 0)))) == 1000
    order = np.random.default_rng(0).permutation(1000)
    out = tracker.update(lifted(people[order], noise=0.02), RATE_NS)
    assert ids_of(out) == order.tolist()
    out = tracker.update(lifted(people[:0]), 2 * RATE_NS)
    assert len(out) == 1000
    assert out.predicted.all()
    assert len(tracker.update(lifted(people[:0]), 40 * RATE_NS)) == 0
    assert len(tracker.update(lifted(people[:0]), 41 * RATE_NS)) == 0


def test_without_a_camera_shapes_tell_people_apart():
    tracker, shapes = Tracker(), bodies(2) / 0.9
    for step in range(10):
        order = [step % 2, 1 - step % 2]
        out = tracker.update(lifted(shapes[order], noise=0.01, seed=step), step * RATE_NS)
        assert ids_of(out) == order


def test_reset_forgets_people_but_not_which_ids_were_given():
    tracker, people = Tracker(), standing(2)
    tracker.update(lifted(people), 0)
    tracker.reset()
    out = tracker.update(lifted(people), RATE_NS)
    assert ids_of(out) == [2, 3]
    assert not out.restarted


def test_settings_change_without_forgetting_anybody():
    tracker, people = Tracker("none"), standing(2)
    tracker.update(lifted(people), 0)
    tracker.configure("constant_velocity", strength=3.0, prediction_time=0.0)
    assert ids_of(tracker.update(lifted(people), RATE_NS)) == [0, 1]
    assert len(tracker.update(lifted(people[:0]), 2 * RATE_NS)) == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Tracker("kalman"), "choose one of none, one_euro, constant_velocity"),
        (lambda: Tracker(strength=0), "strength is 0"),
        (lambda: Tracker(prediction_time=-1), "prediction_time -1"),
        (lambda: Tracker(prediction_time=float("nan")), "prediction_time nan"),
        (lambda: Tracker().update(lifted(standing(2)), 0, [1]), r"ids has shape \(1,\)"),
        (lambda: Tracker().update(lifted(standing(2)), 0, [0.5, 1]), "ids has shape"),
        (lambda: Tracker().update(lifted(standing(2)), 0, [2**31, 1]), "32 bits"),
        (lambda: Tracker().update(lifted(standing(2)), 0, None, [[1, 1]]), "skeleton has shape"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, says):
    with pytest.raises(LfmError, match=says):
        make()


def test_threads_may_share_a_tracker():
    tracker, people = Tracker(), standing(3)
    stamps, failures = iter(range(400)), []

    def work() -> None:
        try:
            for stamp in stamps:
                tracker.update(lifted(people), stamp * 1000)
                if stamp % 50 == 0:
                    tracker.reset()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_seconds_are_not_taken_for_nanoseconds():
    with pytest.raises(InputError, match=r"stamp_ns is 1\.5; .* round\(1e9 \* seconds\)"):
        Tracker().update(lifted(standing(1)), 1.5)
    Tracker().update(lifted(standing(1)), np.int64(15))
