"""Metres from the ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPEATABLE, rotations, shapes

from lfm_ros.core.ground import scale_by_ground

pytestmark = pytest.mark.parity

seeds = st.integers(0, 1000)


def standing(seed: int, count: int = 4, keypoints: int = 10):
    """Objects on the ground as a tilted camera 1.5 m above it sees them: points and planes."""
    random = np.random.default_rng(seed)
    body = 0.3 * shapes(count, keypoints, seed)
    body[..., 1] += 1.5 - body[..., 1].max(-1, keepdims=True)  # y is down, the ground at 1.5
    body[..., 2] += random.uniform(3, 8, count)[:, None]
    turn = rotations(count, seed)
    normal = np.einsum("bij,j->bi", turn, (0.0, -1.0, 0.0))
    return body @ np.swapaxes(turn, 1, 2), np.concatenate([normal, np.full((count, 1), 1.5)], -1)


def asked(truth, factor, plane, heights=None, seen=None, sigma=0.0):
    count, width = truth.shape[:2]
    heights = np.zeros((count, width)) if heights is None else heights
    seen = np.ones((count, width), bool) if seen is None else seen
    spread = np.full((count, width), sigma) / factor[:, None]
    return scale_by_ground(truth / factor[:, None, None], spread, seen, plane, heights)


@REPEATABLE
@given(seeds)
def test_what_stands_has_its_lowest_point_on_the_ground(seed):
    truth, plane = standing(seed)
    factor = np.random.default_rng(seed).uniform(0.2, 5, 4)
    found, error = asked(truth, factor, plane)
    np.testing.assert_allclose(found, factor, rtol=0.02)
    assert (error < 0.1).all()
    # A plane is the same whichever way its normal points.
    np.testing.assert_allclose(asked(truth, factor, -plane)[0], found)


def test_contacts_stand_at_their_own_height_and_others_have_no_say():
    truth, plane = standing(1)
    heights = np.full(truth.shape[:2], np.nan)
    above = np.einsum("bki,bi->bk", truth, plane[:, :3]) + plane[:, 3:]
    heights[:, 2] = above[:, 2]
    found, _ = asked(truth, np.full(4, 2.0), plane, heights)
    np.testing.assert_allclose(found, 2.0, rtol=1e-9)


def test_a_foot_in_the_air_has_no_say():
    truth, plane = standing(2)
    heights = np.full(truth.shape[:2], np.nan)
    low = np.einsum("bki,bi->bk", truth, plane[:, :3]).argmin(-1)
    heights[np.arange(4), low] = 0.0
    other = (low + 1) % truth.shape[1]
    heights[np.arange(4), other] = 0.0
    lifted = truth.copy()
    lifted[np.arange(4), other] = lifted[np.arange(4), low] + 0.6 * plane[:, :3]
    found, _ = asked(lifted, np.ones(4), plane, heights)
    np.testing.assert_allclose(found, 1.0, rtol=0.02)


def test_nothing_seen_that_can_stand_says_nothing():
    truth, plane = standing(3)
    nowhere = np.full(truth.shape[:2], np.nan)
    unseen = np.zeros(truth.shape[:2], bool)
    for found, error in (
        asked(truth, np.ones(4), plane, heights=nowhere),
        asked(truth, np.ones(4), plane, seen=unseen),
        asked(truth, np.ones(4), plane * (1, 1, 1, 0)),  # the camera lies on the ground
        asked(
            truth - 3 * plane[:, None, :3] * plane[:, None, 3:], np.ones(4), plane * (-1, -1, -1, 1)
        ),
    ):
        assert np.isnan(found).all()
        assert np.isinf(error).all()


def test_far_away_and_close_to_the_horizon_it_is_less_sure():
    truth, plane = standing(4)
    _, near = asked(truth, np.ones(4), plane, sigma=0.02)
    forward = np.cross(plane[:, :3], shapes(4, 1, 5)[:, 0])
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    _, far = asked(truth + 20 * forward[:, None], np.ones(4), plane, sigma=0.02)
    assert (far > near).all()
    low = plane * (1, 1, 1, 0.2)
    sunk = truth + (1.5 - 0.3) * plane[:, None, :3]
    _, close = asked(sunk, np.ones(4), low, sigma=0.02)
    assert (close > near).all()
