"""The tracker: how steady it makes points, and what holds whatever it is given."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracker_crowd import RATE_NS, K, bodies, lifted, standing, without

from lfm_ros import Lifted, Tracked, Tracker
from lfm_ros.core.filters import FILTERS
from lfm_ros.core.rigid import Rigid
from lfm_ros.tracked import untracked

WAYS = tuple(FILTERS)


def ids_of(tracked: Tracked) -> list[int]:
    return tracked.instance_id.tolist()


@pytest.mark.parametrize("smoothing", WAYS[1:])
def test_smoothing_takes_jitter_away_and_no_dropped_frame_brings_it_back(smoothing):
    random = np.random.default_rng(0)
    shown = np.flatnonzero(random.random(300) > 0.25)
    tracker, raw = Tracker(smoothing), Tracker("none")
    shape = bodies(1)
    errors = {"smooth": [], "raw": []}
    for step in shown.tolist():
        seconds = step * RATE_NS * 1e-9
        true = shape + [0.4 * np.sin(seconds), 0, 5 + 0.3 * np.cos(seconds)]
        depth = 1 + 0.02 * random.standard_normal()
        out = lifted(true * depth, noise=0.015, seed=step)
        for name, one in (("smooth", tracker), ("raw", raw)):
            got = one.update(out, step * RATE_NS)
            assert ids_of(got) == [0]
            errors[name].append(got.points - true)
    late = {name: np.array(values)[60:] for name, values in errors.items()}
    jitter = {name: np.diff(values, 2, axis=0).std() for name, values in late.items()}
    assert jitter["smooth"] < 0.4 * jitter["raw"]
    assert np.abs(late["smooth"]).mean() < 0.8 * np.abs(late["raw"]).mean()


def test_no_smoothing_gives_back_what_was_lifted():
    tracker, people = Tracker("none"), standing(4)
    for step in range(5):
        out = lifted(people, noise=0.05, seed=step)
        np.testing.assert_allclose(
            tracker.update(out, step * RATE_NS).points, out.points, atol=2e-6
        )


@pytest.mark.parametrize(("smoothing", "most"), [("one_euro", 0.8), ("constant_velocity", 0.9)])
def test_what_was_filled_in_is_trusted_less(smoothing, most):
    tracker, people = Tracker(smoothing), standing(1)
    for step in range(10):
        tracker.update(lifted(people), step * RATE_NS)
    out = lifted(people)
    out.points[0, :2] += [0.0, 0.1, 0.0]
    out.observed[0, 0] = False
    moved = tracker.update(out, 10 * RATE_NS).points[0, :2, 1] - people[0, :2, 1]
    assert 0 < moved[0] < most * moved[1]


def test_keypoints_that_become_known_are_not_dragged_from_elsewhere():
    tracker, people = Tracker(), standing(1)
    for step in range(5):
        out = lifted(people)
        out.known[0, 3] = out.observed[0, 3] = False
        out.points[0, 3] = people[0].mean(0)
        got = tracker.update(out, step * RATE_NS)
        np.testing.assert_allclose(got.points[0, 3], people[0].mean(0), atol=1e-5)
        assert not got.known[0, 3]
    got = tracker.update(lifted(people), 5 * RATE_NS)
    np.testing.assert_allclose(got.points[0, 3], people[0, 3], atol=1e-3)


@pytest.mark.parametrize(("smoothing", "most"), [("one_euro", 0.07), ("constant_velocity", 0.02)])
@pytest.mark.parametrize("rate", [10, 30])
def test_who_walks_towards_the_camera_is_hardly_later_than_he_is(smoothing, most, rate):
    tracker, random, speed = Tracker(smoothing), np.random.default_rng(0), 1.2
    late = []
    for step in range(4 * rate):
        true = bodies(1) + [0.0, 0.0, 6.0 - speed * step / rate]
        # As the distance of a lifted person is, from frame to frame.
        out = lifted(true * np.exp(0.01 * random.standard_normal()), noise=0.01, seed=step)
        got = tracker.update(out, round(1e9 * step / rate))
        late.append((got.middle[0, 2] - true[0, :, 2].mean()) / speed)
    assert np.mean(late[rate:]) < most


@pytest.mark.parametrize("smoothing", WAYS)
def test_keypoints_that_come_and_go_do_not_move_the_others(smoothing):
    """Though the middle of what is known leaps with them."""
    tracker, people, random = Tracker(smoothing), standing(3), np.random.default_rng(0)
    middles = []
    for step in range(30):
        out = lifted(people)
        out.known[:, :6] = out.observed[:, :6] = random.random((3, 6)) > 0.5
        out.points[:] = np.where(out.known[..., None], out.points, people.mean(1)[:, None])
        got = tracker.update(out, step * RATE_NS)
        np.testing.assert_allclose(got.points[got.known], people[got.known], atol=1e-4)
        middles.append(got.middle[0])
    assert np.ptp(middles, axis=0).max() > 0.05


def test_only_who_is_new_is_asked_how_he_is_turned():
    tracker, asked = Tracker(), []

    def frame(count: int) -> Lifted:
        out = lifted(standing(4)[:count])
        return replace(out, find_pose=lambda: asked.append(count) or out.pose)

    for step, count in enumerate([2, 2, 2, 3, 3, 1, 1]):
        tracker.update(frame(count), step * RATE_NS)
    assert asked == [2, 3]


def test_nobody_is_asked_how_he_is_turned_where_nothing_is_tracked_until_it_matters():
    asked, out = [], lifted(standing(2))
    told = replace(out, find_pose=lambda: asked.append(1) or out.pose)
    ids = np.array([4, -1], np.int32)
    half_turn = Rigid(np.diag([-1.0, -1.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    got = untracked(told, ids, np.zeros(2, np.int32)).moved(half_turn)
    np.testing.assert_allclose(got.points, half_turn.apply(out.points), atol=1e-5)
    assert not asked
    np.testing.assert_allclose(got.orientation, half_turn.rotation @ out.rotation, atol=1e-5)
    np.testing.assert_allclose(got.first_rotation, got.orientation, atol=1e-5)
    assert asked == [1]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), smoothing=st.sampled_from(WAYS), named=st.booleans())
def test_the_order_of_rows_does_not_matter(seed, smoothing, named):
    random = np.random.default_rng(seed)
    one, other = Tracker(smoothing), Tracker(smoothing)
    people = standing(6, seed) + random.normal(0, 0.3, (6, 1, 3))
    # In the first frame new ids are given row by row, so that it has the same order for both.
    for step in range(6):
        here = np.flatnonzero(random.random(6) > (0.2 if step else 0.0))
        order = random.permutation(len(here)) if step else np.arange(len(here))
        out = lifted(people[here], noise=0.02, seed=seed % 1000 + step)
        ids = np.where(random.random(len(here)) > 0.3, here + 10, -1) if named else None
        stamp = step * RATE_NS
        a = one.update(out, stamp, ids)
        b = other.update(out.only(order), stamp, None if ids is None else ids[order])
        assert a.predicted.sum() == b.predicted.sum()
        seen = len(here)
        assert ids_of(b)[:seen] == a.instance_id[:seen][order].tolist()
        np.testing.assert_allclose(b.points[:seen], a.points[:seen][order], atol=1e-5)
        for tracked in (a, b):
            assert len(set(ids_of(tracked))) == len(tracked)
            assert np.isfinite(tracked.points).all()
            assert np.isfinite(tracked.sigma).all()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), smoothing=st.sampled_from(WAYS))
def test_nothing_but_numbers_comes_out_and_no_id_twice(data, smoothing):
    tracker, stamp = Tracker(smoothing), 0
    for _ in range(8):
        count = data.draw(st.integers(0, 4))
        seed = data.draw(st.integers(0, 1000))
        random = np.random.default_rng(seed)
        size = 10.0 ** random.uniform(-3, 3)
        out = lifted(size * standing(count, seed), noise=random.choice([0.0, 0.1, 10.0]), seed=seed)
        for row in range(count):
            if random.random() < 0.2:
                without(out, row)
            out.known[row, random.random(K) < 0.2] = False
        out.observed[:] &= out.known
        ids = data.draw(st.none() | st.lists(st.integers(-2, 3), min_size=count, max_size=count))
        stamp += data.draw(st.sampled_from([0, 1, RATE_NS, -RATE_NS, 10**9, -(10**9), 10**11]))
        got = tracker.update(out, stamp, None if ids is None else np.array(ids, int))
        for values in (got.points, got.sigma, got.orientation, got.middle, got.age):
            assert np.isfinite(values).all()
        named = got.instance_id[got.valid].tolist()
        assert len(set(named)) == len(named)
        assert -1 not in named
        assert len(got) >= count
        assert sorted(got.row[got.row >= 0].tolist()) == sorted(set(got.row[got.row >= 0].tolist()))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), smoothing=st.sampled_from(WAYS))
def test_who_has_no_extent_is_followed_without_a_division_by_zero(seed, smoothing):
    """Nothing is known of it, or all its keypoints lie in one place, here or at the camera."""
    random, tracker, stamp = np.random.default_rng(seed), Tracker(smoothing), 0
    for step in range(8):
        out = lifted(standing(random.integers(4)), noise=0.02, seed=step)
        for row, case in enumerate(random.integers(5, size=len(out.valid))):
            if case < 3:
                out.points[row] = (0.0, out.points[row].mean(0), out.points[row])[case]
            if case in (0, 2):
                out.known[row] = out.observed[row] = False
        stamp += random.choice([0, RATE_NS, 10**9])
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            got = tracker.update(out, stamp)
            assert np.isfinite(got.points).all()
            assert np.isfinite(got.orientation).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), smoothing=st.sampled_from(WAYS))
def test_how_wide_a_frame_is_does_not_matter(seed, smoothing):
    """Rigs of several widths come and go, so do their keypoints; empty columns change nothing."""
    random, widths = np.random.default_rng(seed), np.array([K, 5, 11])
    narrow, wide = Tracker(smoothing), Tracker(smoothing)
    people = standing(3, seed) + random.normal(0, 0.3, (3, 1, 3))
    for step in range(12):
        here = np.flatnonzero(random.random(3) > 0.3)
        out = lifted(people[here], noise=0.02, seed=seed % 1000 + step)
        out.known[:] = np.arange(K) < widths[here, None]
        out.observed[:] = out.known & (random.random(out.known.shape) > 0.3)
        out.known[:] &= out.observed | (random.random(out.known.shape) > 0.5)
        for row in np.flatnonzero(random.random(len(here)) < 0.1).tolist():
            without(out, row)
        needed = widths[here].max(initial=0)
        cut = {f.name: _of_width(getattr(out, f.name), needed) for f in fields(out)}
        a = narrow.update(replace(out, **cut), step * RATE_NS, here, here)
        b = wide.update(out, step * RATE_NS, here, here)
        assert (ids_of(a), a.row.tolist()) == (ids_of(b), b.row.tolist())
        kept = a.points.shape[1]
        assert not b.known[:, kept:].any()
        assert np.array_equal(a.known, b.known[:, :kept])
        said = a.known & a.valid[:, None]
        np.testing.assert_allclose(a.points[said], b.points[:, :kept][said], atol=1e-5)


def _of_width(value, needed):
    wide = isinstance(value, np.ndarray) and value.shape[1:2] == (K,)
    return value[:, :needed] if wide else value


@pytest.mark.parametrize("field", ["known", "sigma", "observed", "points", "scale_source"])
@pytest.mark.parametrize("later", [1, 10**11])
def test_a_frame_that_raises_was_never_there(field, later):
    """Also if it came from another time: nobody is forgotten for it."""
    tracker, other, people = Tracker(), Tracker(), standing(3)
    for step in range(4):
        for one in (tracker, other):
            one.update(lifted(people, noise=0.02, seed=step), step * RATE_NS, [7, 8, 9])
    whole = without(lifted(people), 1)
    broken = replace(whole, **{field: getattr(whole, field)[:2]})
    with pytest.raises((IndexError, ValueError)):
        tracker.update(broken, 4 * RATE_NS + later, [7, 8, 9])
    for step in range(5, 8):
        out = lifted(people[1:], noise=0.02, seed=step)
        a, b = (one.update(out, step * RATE_NS, [8, 9]) for one in (tracker, other))
        assert ids_of(a) == ids_of(b)
        assert not a.restarted
        np.testing.assert_array_equal(a.points, b.points)
