"""Who is who: similarity, assignment, and the numbers that instances get."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfm_ros.core.bearing import Sighting, radius_in_rows
from lfm_ros.core.identities import OWN_FROM, InstanceIds
from lfm_ros.core.tracks import Candidates, greedy, matches, similarity

K = 9


def seen(points: np.ndarray, kind=0, known=None) -> tuple[Candidates, np.ndarray]:
    """Points (B, K, 3) as a side of an assignment, and the length of a radius in its rows."""
    known = np.ones(points.shape[:2], bool) if known is None else known
    sight = Sighting.of(points, points.mean(1), known)
    kinds = np.zeros(len(points), np.int32) + np.asarray(kind, np.int32)
    unit = radius_in_rows(sight.rows, sight.radius, sight.placed)
    return Candidates(sight.rows, known, kinds, sight.placed), unit


def crowd(count: int, seed: int = 0, apart: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    roots = np.stack([apart * np.arange(count), np.zeros(count), np.full(count, 6.0)], -1)
    return random.uniform(-0.5, 0.5, (count, K, 3)) + roots[:, None]


def matched(now: np.ndarray, before: np.ndarray, wanted=None, seconds=1 / 30, **kinds) -> list[int]:
    here, _ = seen(now, kinds.get("kind_now", 0))
    there, unit = seen(before, kinds.get("kind_before", 0))
    wanted = [-1] * len(now) if wanted is None else wanted
    return matches(here, there, unit, np.full(len(before), seconds), wanted).tolist()


def test_similarity_is_one_for_equal_falls_with_distance_and_forgives_depth():
    offset = np.zeros((4, 1 + K, 3))
    offset[1, 0, 0], offset[2, 0, 0], offset[3, 0, 2] = 0.1, 0.6, 0.6
    got = similarity(offset, np.ones((4, K), bool), np.full(4, 0.3))
    np.testing.assert_allclose(got[0], 1)
    np.testing.assert_allclose(got[1], np.exp(-0.5 * (0.1 / 0.3) ** 2))
    assert got[1] > got[3] > 0.8 > got[2]


def test_similarity_counts_common_keypoints_only():
    offset = np.zeros((2, 1 + K, 3))
    offset[:, 3:] = 10.0
    both = np.zeros((2, K), bool)
    both[0, :2] = True
    got = similarity(offset, both, np.full(2, 0.3))
    # The second pair has none in common: its roots decide.
    np.testing.assert_allclose(got, 1)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 8))
def test_any_order_finds_everybody(seed, count):
    random, people = np.random.default_rng(seed), crowd(count, seed)
    order = random.permutation(count)
    moved = people[order] + random.normal(0, 0.03, (count, 1, 3))
    assert matched(moved, people) == order.tolist()


def test_nobody_is_found_in_an_empty_room():
    people = crowd(3)
    assert matched(people, people[:0]) == [-1, -1, -1]
    assert matched(people[:0], people) == []


def test_newcomers_and_those_who_left_have_no_partner():
    people = crowd(4)
    assert matched(people[[3, 1]], people[:3]) == [-1, 1]


def test_a_track_that_is_wanted_is_given_unless_that_is_a_leap():
    people = crowd(3)
    assert matched(people, people, wanted=[0, 1, 2]) == [0, 1, 2]
    # Where the ids say otherwise and both are near enough, the ids win.
    near = crowd(2, apart=0.3)
    assert matched(near, near, wanted=[1, 0]) == [1, 0]
    # Swapped over a distance: everybody goes on where he is.
    assert matched(people[[0, 2]], people[[0, 2]], wanted=[1, 0]) == [0, 1]


def test_rigs_must_agree():
    people = crowd(2)
    assert matched(people, people, kind_now=[1, 0], kind_before=[0, 0]) == [-1, 1]
    assert matched(people, people, wanted=[0, 1], kind_now=[1, 0], kind_before=[0, 0]) == [-1, 1]


def test_the_longer_the_gap_the_further_somebody_may_have_gone():
    people = crowd(1)
    there = people + [[[0.9, 0, 0]]]
    assert matched(there, people, seconds=1 / 30) == [-1]
    assert matched(there, people, seconds=1.0) == [0]


def test_pose_decides_between_two_who_stand_in_one_place():
    people = crowd(2, apart=0.0)
    assert matched(people[[1, 0]], people) == [1, 0]


def test_greedy_takes_the_most_similar_pair_first():
    alike = np.array([0.5, 0.9, 0.8, 0.1])
    rows, tracks = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    assert greedy(alike, rows, tracks) == [(0, 1)]
    alike = np.array([0.5, 0.4, 0.8, 0.1])
    assert greedy(alike, rows, tracks) == [(1, 1), (0, 0)]


def test_own_ids_count_up_and_go_elsewhere_once_the_detector_has_ids():
    ids = InstanceIds()
    assert [ids.new(()) for _ in range(3)] == [0, 1, 2]
    assert ids.of_detector(17, ()) == 17
    assert ids.new(()) == OWN_FROM
    # 1 was ours before; the detector means somebody else by it.
    assert ids.of_detector(1, ()) == OWN_FROM + 1
    assert ids.of_detector(-5, ()) == -5
    assert ids.of_detector(OWN_FROM + 5, ()) == OWN_FROM + 5
    taken = {OWN_FROM + 5}
    given = [ids.new(taken) for _ in range(5)]
    assert OWN_FROM + 5 not in given
    assert len(set(given)) == 5


@pytest.mark.parametrize("last", [2**31 - 1])
def test_ids_fit_into_32_bits_for_ever(last):
    ids = InstanceIds()
    ids._next = last
    assert ids.new(()) == last
    assert ids.new(()) == OWN_FROM
