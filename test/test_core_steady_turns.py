"""Orientations in time: steady, late by little, and never dragged over a leap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfm_ros.core.rotations import (
    angle_between,
    matrix_from_quat_xyzw,
    matrix_from_rotvec,
    quat_xyzw_from_matrix,
    rotvec_from_matrix,
)
from lfm_ros.core.steady_turns import SteadyTurns

RATE_NS = 33_333_333
STANDING = matrix_from_rotvec(np.array([0.3, -1.0, 2.0]))


def stepped(
    steady: SteadyTurns, ids: list[int], turns: np.ndarray, stamp_ns: int, strength: float = 1.0
) -> np.ndarray:
    """A frame of matrices; whether a quaternion is negative must not matter."""
    random = np.random.default_rng(stamp_ns)
    quat_xyzw = quat_xyzw_from_matrix(turns) * random.choice([-1.0, 1.0], (len(ids), 1))
    made = steady.step(ids, quat_xyzw, stamp_ns, strength)
    np.testing.assert_allclose(np.linalg.norm(made, axis=-1), 1)
    return matrix_from_quat_xyzw(made)


def played(turns: np.ndarray, steady: SteadyTurns | None = None, **settings: float) -> np.ndarray:
    """What becomes of the orientations (T, 3, 3) of one instance."""
    steady = SteadyTurns() if steady is None else steady
    made = [stepped(steady, [7], t[None], i * RATE_NS, **settings) for i, t in enumerate(turns)]
    return np.concatenate(made)


def spinning(speed: float, count: int = 90) -> np.ndarray:
    seconds = np.arange(count)[:, None] * RATE_NS * 1e-9
    return matrix_from_rotvec(speed * seconds * [0.6, 0.0, 0.8]) @ STANDING


def trembling(turns: np.ndarray, size: float = 0.03) -> np.ndarray:
    noise = size * np.random.default_rng(0).standard_normal((len(turns), 3))
    return matrix_from_rotvec(noise) @ turns


def jitter(turns: np.ndarray) -> float:
    steps = rotvec_from_matrix(turns[1:] @ turns[:-1].swapaxes(1, 2))
    return float(np.linalg.norm(np.diff(steps, axis=0), axis=-1).mean())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-13, 1e-7, 1e-3, 1.0, 3.1]))
def test_a_rotation_vector_comes_back(seed, size):
    vectors = np.random.default_rng(seed).standard_normal((5, 3))
    vectors *= size / np.linalg.norm(vectors, axis=-1, keepdims=True)
    turns = matrix_from_rotvec(vectors)
    np.testing.assert_allclose(rotvec_from_matrix(turns), vectors, atol=1e-7 * size + 1e-15)
    np.testing.assert_allclose(
        matrix_from_quat_xyzw(quat_xyzw_from_matrix(turns)), turns, atol=1e-12
    )


@pytest.mark.parametrize("speed", [0.0, 1.5])
def test_jitter_goes_and_no_constant_turn_is_late(speed):
    true = spinning(speed)
    smooth = played(trembling(true))
    assert jitter(smooth[20:]) < 0.4 * jitter(trembling(true)[20:])
    assert angle_between(smooth, true)[20:].mean() < 0.8 * 0.03 * np.sqrt(8 / np.pi)
    np.testing.assert_allclose(angle_between(played(true), true)[80:], 0, atol=1e-3)
    assert jitter(played(trembling(true), strength=4.0)[20:]) < 0.7 * jitter(smooth[20:])


def test_a_leap_is_taken_over_at_once_and_a_smaller_turn_is_not():
    for angle, followed in ((np.pi, True), (1.2, True), (0.9, False)):
        turns = np.array([STANDING] * 20)
        turns[10:] = matrix_from_rotvec(np.array([0.0, angle, 0.0])) @ STANDING
        off = angle_between(played(turns), turns)
        assert bool(off[10] < 1e-9) is followed
        assert off[19] < 0.1


def test_everybody_has_a_turn_of_his_own_in_whatever_row_he_is():
    one, other = trembling(spinning(1.0)), trembling(spinning(-2.0), 0.05)
    alone, steady = (played(one), played(other)), SteadyTurns()
    for i, pair in enumerate(zip(one, other, strict=True)):
        order = [0, 1] if i % 3 else [1, 0]
        found = stepped(steady, [7 + row for row in order], np.array(pair)[order], i * RATE_NS)
        for row, made in zip(order, found, strict=True):
            np.testing.assert_allclose(made, alone[row][i], atol=1e-12)
    # Somebody who comes anew, beside one who stays, is as he is.
    found = stepped(steady, [7, 9], np.array([one[-1], STANDING]), 90 * RATE_NS)
    np.testing.assert_allclose(found[1], STANDING, atol=1e-12)
    assert angle_between(found[0], one[-1]) > 1e-4


@pytest.mark.parametrize("stamp", [0, 19 * RATE_NS, 10**12])
def test_time_that_stands_still_or_leaps_begins_anew(stamp):
    steady = SteadyTurns()
    played(np.array([STANDING] * 20), steady)
    turned = matrix_from_rotvec(np.array([0.0, 0.5, 0.0])) @ STANDING
    np.testing.assert_allclose(stepped(steady, [7], turned[None], stamp)[0], turned, atol=1e-12)


def test_an_empty_frame_and_what_comes_after():
    steady = SteadyTurns()
    nobody = np.zeros((0, 3, 3))
    assert stepped(steady, [], nobody, 0).shape == (0, 3, 3)
    np.testing.assert_allclose(stepped(steady, [1], STANDING[None], RATE_NS), STANDING[None])
    assert stepped(steady, [], nobody, 2 * RATE_NS).shape == (0, 3, 3)
