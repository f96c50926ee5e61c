"""Metres from the depths of keypoints, good and bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPEATABLE, in_front

from lfm_ros.core.depth import scale_by_depth

pytestmark = pytest.mark.parity

seeds = st.integers(0, 1000)


def asked(seed: int, count: int = 4, keypoints: int = 12):
    """Points of unknown unit, their sigmas and weights, the true factors, the true depths."""
    truth = in_front(count, keypoints, seed)
    factor = np.random.default_rng(seed).uniform(0.2, 5, count)
    points = truth / factor[:, None, None]
    sigma = np.full(points.shape[:2], 0.03) / factor[:, None]
    return points, sigma, np.ones(points.shape[:2]), factor, truth[..., 2]


@REPEATABLE
@given(seeds, st.floats(0, 0.1))
def test_true_depths_give_the_true_scale(seed, behind):
    points, sigma, weights, factor, depths = asked(seed)
    found, error = scale_by_depth(points, sigma, weights, depths - behind, np.full(4, behind))
    np.testing.assert_allclose(found, factor, rtol=1e-6)
    assert (error < 0.05).all()


@REPEATABLE
@given(seeds)
def test_a_third_of_the_keypoints_may_see_something_else(seed):
    points, sigma, weights, factor, depths = asked(seed)
    random = np.random.default_rng(seed)
    depths = depths * np.exp(0.01 * random.standard_normal(depths.shape))
    for row in range(4):
        wrong = random.choice(12, 4, replace=False)
        depths[row, wrong[:3]] = random.uniform(7, 12, 3)  # the wall behind
        depths[row, wrong[3]] = 0.5  # a hand before the camera
    found, error = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    np.testing.assert_allclose(found, factor, rtol=0.03)
    assert (np.abs(np.log(found / factor)) < 4 * error).all()


def test_unseen_keypoints_and_holes_have_no_say():
    points, sigma, weights, factor, depths = asked(1)
    depths[:, :5], weights[:, :5] = 20.0, 0.0
    depths[:, 5:7] = np.nan
    found, _ = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    np.testing.assert_allclose(found, factor, rtol=1e-6)


def test_too_few_keypoints_say_nothing():
    points, sigma, weights, _, depths = asked(2)
    depths[0, 2:] = np.nan
    depths[1] = np.nan
    weights[2] = 0
    depths[3] = np.geomspace(0.5, 50, 12)  # no two of them agree
    found, error = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    assert np.isnan(found).all()
    assert np.isinf(error).all()


def test_the_worse_the_depth_the_larger_the_error():
    errors = []
    for noise in (0.0, 0.03, 0.1):
        points, sigma, weights, factor, depths = asked(3, count=200)
        off = np.random.default_rng(4).normal(0, noise, depths.shape)
        found, error = scale_by_depth(points, sigma, weights, depths * np.exp(off), np.zeros(200))
        some = np.isfinite(found)
        inside = np.abs(np.log(found / factor))[some] < 2 * error[some]
        assert inside.mean() > 0.85
        errors.append(np.median(error[some]))
    assert errors[0] < errors[1] < errors[2]
