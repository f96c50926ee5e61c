"""Sizes, and where metres come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPEATABLE, chain, rotations, shapes

from lfm_ros import Skeleton
from lfm_ros.core.placement import (
    SCALE_SOURCES,
    centroid,
    radius,
    scale_by_bones,
    scale_by_size,
    size,
)

pytestmark = pytest.mark.parity


def test_size_is_the_length_of_all_bones():
    square = np.array([[[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 1]]], np.float64)
    assert size(square, chain(4)) == pytest.approx(4 + np.sqrt(5))
    once = Skeleton("abcd", [(0, 2)])
    assert size(square, once) == pytest.approx(np.sqrt(8))


def test_size_without_bones_is_twice_the_radius():
    cross = np.array([[[3, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]]], np.float64)
    assert size(cross, None) == pytest.approx(6)
    assert size(cross, Skeleton("abcd")) == pytest.approx(6)


@REPEATABLE
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_sizes_turn_and_grow_with_the_object(seed, scale):
    points = shapes(3, 6, seed)
    moved = scale * points @ rotations(3, seed).swapaxes(1, 2) + 7
    for rig in (None, chain(6)):
        np.testing.assert_allclose(size(moved, rig), scale * size(points, rig), rtol=1e-9)


def test_radius_and_centroid_count_only_what_they_are_told_to():
    points = shapes(4, 9, 0)
    mask = np.random.default_rng(0).random((4, 9)) < 0.6
    points[~mask] = 1e6
    for i in range(4):
        counted = points[i][mask[i]]
        middle = counted.mean(0)
        np.testing.assert_allclose(centroid(points, mask)[i], middle, atol=1e-9)
        expected = np.linalg.norm(counted - middle, axis=-1).max()
        assert radius(points, mask)[i] == pytest.approx(expected)


def test_nothing_counted_gives_zero():
    nothing = np.zeros((2, 3), bool)
    np.testing.assert_array_equal(centroid(shapes(2, 3, 1), nothing), 0)
    np.testing.assert_array_equal(radius(shapes(2, 3, 1), nothing), 0)


def test_the_best_cue_of_each_row_decides():
    rigs = (chain(5, "sized", nominal_size=2.0), chain(6, "unsized"), None)
    index = np.array([0, 0, 1, 1, 2, 2])
    known = np.array([3.0, np.nan, 3.0, np.nan, 3.0, np.nan])
    points = shapes(6, 6, 2)
    scale = scale_by_size(points, None, rigs, index, known)
    names = [SCALE_SOURCES[i] for i in scale.source]
    assert names == ["known", "nominal", "known", "none", "known", "none"]
    for row, expected in enumerate([3, 2, 3, None, 3, None]):
        rig = rigs[index[row]]
        count = 6 if rig is None else len(rig)
        ours = size(scale.factor[row] * points[row : row + 1, :count], rig)[0]
        if expected is None:
            assert scale.factor[row] == 1
        else:
            assert ours == pytest.approx(expected)


def test_nominal_sizes_can_be_left_out():
    rigs = (chain(6, nominal_size=2.0),)
    index = np.zeros(2, np.int64)
    scale = scale_by_size(shapes(2, 6, 3), None, rigs, index, nominal=False)
    np.testing.assert_array_equal(scale.source, 0)
    np.testing.assert_array_equal(scale.factor, 1)
    np.testing.assert_array_equal(scale.error, 0)


def test_a_structure_without_extent_gets_no_metres():
    index = np.zeros(1, np.int64)
    scale = scale_by_size(np.zeros((1, 4, 3)), None, (chain(4),), index, np.array([2.0]))
    assert SCALE_SOURCES[scale.source[0]] == "none"
    assert scale.factor[0] == 1


def test_edges_with_an_unseen_end_are_longer_than_the_network_says():
    points, rig = shapes(1, 6, 3), chain(6)
    sigma, seen = np.full((1, 6), 10.0), np.ones((1, 6), bool)
    plain = size(points, rig)
    assert size(points, rig, sigma) == pytest.approx(np.sqrt(1.16) * plain)
    assert size(points, rig, sigma, seen) == pytest.approx(np.sqrt(1.16) * plain)
    assert size(points, rig, sigma, ~seen) == pytest.approx(np.sqrt(1.8) * plain)
    seen[0, 5] = False
    both = np.linalg.norm(np.diff(points[:, :5], axis=1), axis=-1).sum()
    last = plain[0] - both
    expected = np.sqrt(1.16) * both + np.sqrt(1.8) * last
    assert size(points, rig, sigma, seen) == pytest.approx(expected)
    assert size(points, rig, None, seen) == pytest.approx(plain)


def test_bones_with_an_unseen_end_tell_nothing():
    points, seen = shapes(2, 6, 3), np.ones((2, 6), bool)
    seen[1, 3] = False
    bones = [(0, 1), (2, 3)]
    length = sum(np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in bones)
    factor, error = scale_by_bones(points, np.zeros((2, 6)), bones, 2.0, seen)
    np.testing.assert_allclose(factor, [2.0 / length[0], np.nan])
    assert error[0] < 0.04
