"""The filters: steady states, true time steps, doubt, and agreement with a full Kalman filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfm_ros.core.bearing import Sighting, radius_in_rows, together
from lfm_ros.core.errors import InputError
from lfm_ros.core.filters import (
    FILTERS,
    ConstantVelocity,
    OneEuro,
    Unsmoothed,
    at_rest,
    filter_named,
    predicted,
)

SMOOTHING = [filter_named(name) for name in FILTERS if name != "none"]
ONE = np.ones((1, 1, 1))


def run(smoother, measured, step, doubt=1.0, unit=1.0):
    """Positions after each of the measurements (T, D) of one point."""
    state, made = at_rest(np.zeros((1, 1, 3)) + measured[0]), [measured[0]]
    steps = np.broadcast_to(step, (len(measured) - 1,))
    for value, seconds in zip(measured[1:], steps, strict=True):
        here = np.zeros((1, 1, 3)) + value
        state = smoother.step(state, here, seconds * ONE, doubt * ONE, unit * ONE)
        made.append(state[0, 0, 0])
    return np.array([np.broadcast_to(m, 3) for m in made])


@pytest.mark.parametrize("smoother", [*SMOOTHING, Unsmoothed()])
def test_what_stands_still_stays(smoother):
    there = np.full((50, 3), 1.7)
    np.testing.assert_allclose(run(smoother, there, 1 / 30), there, atol=1e-12)


@pytest.mark.parametrize("smoother", SMOOTHING)
def test_a_step_is_reached_and_noise_is_not_followed(smoother):
    step = np.r_[np.zeros((10, 3)), np.ones((90, 3))]
    np.testing.assert_allclose(run(smoother, step, 1 / 30)[-1], 1, atol=0.01)
    noise = 0.01 * np.random.default_rng(0).standard_normal((2000, 3))
    smooth = run(smoother, noise, 1 / 30)[100:]
    assert smooth.std() < 0.8 * noise.std()
    assert np.diff(smooth, 2, axis=0).std() < 0.5 * np.diff(noise, 2, axis=0).std()


def test_constant_velocity_lags_nothing_behind_a_constant_velocity():
    line = np.linspace(0, 3, 90)[:, None].repeat(3, 1)
    np.testing.assert_allclose(run(ConstantVelocity(), line, 1 / 30)[60:], line[60:], atol=1e-4)


def test_one_euro_follows_the_fast_sooner_than_the_slow():
    def lag_seconds(speed: float) -> float:
        line = speed * np.arange(120)[:, None].repeat(3, 1) / 30
        return float((line - run(OneEuro(), line, 1 / 30))[-1, 0]) / speed

    assert lag_seconds(4.0) < 0.2 * lag_seconds(0.05)


def test_one_euro_is_the_published_filter():
    """One coordinate, written down as in the paper's algorithm."""
    random, smoother = np.random.default_rng(1), OneEuro(1.2, 0.7, 1.0)
    values = np.cumsum(random.standard_normal(60)) * 0.05
    steps = random.uniform(0.01, 0.08, 59)

    def share(cutoff: float, period: float) -> float:
        return 1 / (1 + 1 / (2 * np.pi * cutoff * period))

    last, speed, expected = values[0], 0.0, [values[0]]
    for value, period in zip(values[1:], steps, strict=True):
        slow = share(1.0, period)
        speed = slow * (value - last) / period + (1 - slow) * speed
        part = share(1.2 + 0.7 * abs(speed), period)
        last = part * value + (1 - part) * last
        expected.append(last)
    got = run(smoother, values[:, None].repeat(3, 1), steps)
    np.testing.assert_allclose(got[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("doubt", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("step", [1 / 100, 1 / 30, 0.2])
def test_constant_velocity_is_the_steady_state_of_a_kalman_filter(step, doubt):
    smoother = ConstantVelocity(acceleration=5.0, jitter=0.02)
    motion = np.array([[1, step], [0, 1]])
    # Piecewise constant acceleration, as the tracking index has it.
    change = np.array([[step**2 / 2], [step]]) * 5.0
    covariance = np.eye(2)
    for _ in range(5000):
        covariance = motion @ covariance @ motion.T + change @ change.T
        gain = covariance[:, :1] / (covariance[0, 0] + (0.02 * doubt) ** 2)
        covariance = covariance - gain @ covariance[:1]
    state = smoother.step(
        at_rest(np.zeros((1, 1, 3))), np.ones((1, 1, 3)), step * ONE, doubt * ONE, ONE
    )
    np.testing.assert_allclose(state[:, 0, 0, 0], gain[:, 0], rtol=1e-6)


@pytest.mark.parametrize("smoother", SMOOTHING)
def test_what_is_doubtful_moves_less(smoother):
    measured, doubt = np.ones((1, 3, 3)), np.array([0.5, 1.0, 4.0])[None, :, None]
    state = smoother.step(at_rest(np.zeros((1, 3, 3))), measured, ONE / 30, doubt, ONE)
    moved = state[0, 0, :, 0]
    assert 1 > moved[0] > moved[1] > moved[2] > 0


@pytest.mark.parametrize("smoother", SMOOTHING)
def test_a_long_gap_is_bridged_at_once(smoother):
    state = smoother.step(at_rest(np.zeros((1, 1, 3))), np.ones((1, 1, 3)), 10 * ONE, ONE, ONE)
    np.testing.assert_allclose(state[0], 1, atol=0.02)


@pytest.mark.parametrize("smoother", SMOOTHING)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-3, 1.0, 50.0]))
def test_units_and_neighbours_do_not_matter(smoother, seed, scale):
    """Metres or millimetres, alone or among others: the same motion."""
    random = np.random.default_rng(seed)
    measured = random.standard_normal((8, 4, 5, 3)).astype(np.float64)
    steps = random.uniform(0.001, 0.5, (8, 4, 1, 1))
    doubt, unit = random.uniform(0.2, 5, (4, 5, 3)), random.uniform(0.5, 2, (4, 5, 1))
    whole, scaled = at_rest(measured[0]), at_rest(scale * measured[0])
    alone = at_rest(measured[0, 2:3])
    for value, seconds in zip(measured[1:], steps[1:], strict=True):
        whole = smoother.step(whole, value, seconds, doubt, unit)
        scaled = smoother.step(scaled, scale * value, seconds, doubt, scale * unit)
        alone = smoother.step(alone, value[2:3], seconds[2:3], doubt[2:3], unit[2:3])
    np.testing.assert_allclose(scaled, scale * whole, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(alone, whole[:, 2:3], rtol=1e-12)


def test_without_smoothing_a_velocity_is_learnt_all_the_same():
    line = np.linspace(0, 2, 60)[:, None, None, None] * np.ones((1, 1, 3))
    state = at_rest(line[0])
    for here in line[1:]:
        state = Unsmoothed().step(state, here, ONE / 30, ONE, ONE)
    np.testing.assert_allclose(predicted(state, 0.1), line[-1] + 0.1 * 30 * 2 / 59, atol=0.01)


def test_filters_have_names():
    assert [type(filter_named(name)) for name in FILTERS] == list(FILTERS.values())
    with pytest.raises(InputError, match="choose one of none, one_euro, constant_velocity"):
        filter_named("median")


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from([np.float32, np.float64]))
def test_bearing_and_distance_come_back_as_points(seed, dtype):
    random = np.random.default_rng(seed)
    root = random.uniform([-3, -2, -1], [3, 2, 20], (6, 3)).astype(dtype)
    points = (root[:, None] + random.normal(0, 0.4, (6, 9, 3))).astype(dtype)
    known = random.random((6, 9)) > 0.3
    seen = Sighting.of(points, root, known)
    back, back_root = together(seen.rows, seen.placed)
    assert back.dtype == dtype
    np.testing.assert_allclose(back[known], points[known], atol=2e-5)
    np.testing.assert_allclose(back_root, root, atol=2e-5)
    assert not seen.rows[:, 1:][~known].any()
    assert (seen.placed == (root[:, 2] > seen.radius)).all()


def test_a_radius_is_an_angle_in_the_row_of_the_bearing():
    root = np.array([[0.0, 0.0, 5.0], [0.0, 0.0, 0.0]])
    points = root[:, None] + np.array([[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]])
    seen = Sighting.of(points, root, np.ones((2, 2), bool))
    np.testing.assert_allclose(seen.radius, 2)
    unit = radius_in_rows(seen.rows, seen.radius, seen.placed)
    np.testing.assert_allclose(unit[..., 0], [[0.4, 2, 2], [2, 2, 2]])
