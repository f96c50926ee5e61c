"""Random animals and hands: what holds for every plan."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed here (make test installs it)")

from scipy.sparse.csgraph import connected_components

from training.data.bodies import along, frames
from training.data.creatures import random_creatures
from training.data.hand_plans import random_hands
from training.data.poses import PoseSet
from training.data.sampler import PoseSampler, SamplerConfig

CREATURES = random_creatures(60, 20)
HANDS = random_hands(60, 20)
SETS = [*CREATURES.values(), *HANDS.values()]


def test_bones_keep_their_lengths_however_they_point():
    random = np.random.default_rng(0)
    lengths, pitch, yaw = random.random((3, 50, 4))
    ends = along(lengths, 6 * pitch, 6 * yaw)
    bones = np.diff(ends, axis=1, prepend=0)
    np.testing.assert_allclose(np.linalg.norm(bones, axis=-1), lengths)


def test_frames_turn_and_never_mirror():
    turned = frames(*np.random.default_rng(0).uniform(-4, 4, (3, 50)))
    np.testing.assert_allclose(turned @ turned.swapaxes(-1, -2), [np.eye(3)] * 50, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turned), 1)
    up, right = frames(np.pi / 2, 0.0, 0.0), frames(0.0, np.pi / 2, 0.0)
    np.testing.assert_allclose(up @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(right @ [0, 1, 0], [1, 0, 0], atol=1e-12)
    rolled = frames(0.0, 0.0, np.pi / 2)
    np.testing.assert_allclose(rolled @ [1, 0, 0], [0, 0, -1], atol=1e-12)


@pytest.mark.parametrize(
    ("sets", "group", "most"), [(CREATURES, "creature", 32), (HANDS, "hand_like", 26)]
)
def test_each_is_a_set_that_training_can_use(sets, group, most):
    assert len(sets) == 60
    for name, poses in sets.items():
        count = len(poses.skeleton)
        assert (poses.name, poses.group, poses.family) == (name, group, f"{group}/random")
        assert 6 <= count <= most
        assert poses.xyz.shape == (20, count, 3)
        assert np.isfinite(poses.xyz).all()
        assert connected_components(poses.skeleton.adjacency, directed=False)[0] == 1
    batch = PoseSampler(sets, SamplerConfig(), 0, "cpu").batch()
    assert batch.valid.any(1).all()


def test_left_and_right_bones_are_equally_long_but_not_equally_posed():
    pairs = 0
    for creature in CREATURES.values():
        twin = np.arange(len(creature.skeleton))
        for left, right in creature.skeleton.pairs or ():
            twin[left], twin[right] = right, left
        bones = np.array([e for e in creature.skeleton.edges if all(twin[list(e)] != e)])
        if not len(bones):
            continue
        ours, theirs = _lengths(creature, bones), _lengths(creature, twin[bones])
        np.testing.assert_allclose(ours, theirs, rtol=1e-3)
        pairs += len(bones) // 2
    assert pairs > 200


def test_left_is_left_of_right_for_animals_that_face_ahead():
    sides = [
        creature.xyz[:, right, 0].mean() > creature.xyz[:, left, 0].mean()
        for creature in CREATURES.values()
        for left, right in creature.skeleton.pairs or ()
    ]
    assert np.mean(sides) > 0.95


def test_poses_of_a_plan_differ_in_measures_and_in_posture():
    for poses in SETS:
        lengths = _lengths(poses, np.array(poses.skeleton.edges))
        assert 0.01 < (lengths.std(0) / lengths.mean(0)).mean() < 0.6
    plans = {(len(s.skeleton), s.skeleton.edges) for s in CREATURES.values()}
    assert len(plans) > 0.9 * len(CREATURES)


def test_fingers_but_the_thumb_bend_in_a_plane_of_their_own():
    rigs = [hands for hands in HANDS.values() if len(_fingers(hands)) > 2]
    assert len(rigs) > 3
    for hands in rigs:
        fingers = hands.xyz[:, _fingers(hands)].astype(float)
        a, b, c = np.moveaxis(fingers[:, :, 1:] - fingers[:, :, :1], 2, 0)
        volumes = np.abs((np.cross(a, b) * c).sum(-1)).max(0)
        assert np.sort(volumes)[-2] < 1e-5


def test_random_hands_are_right_hands():
    """Told so, and so they are: fingers of right hands bend towards the palm's own side."""
    for hands in HANDS.values():
        assert (hands.skeleton.sides == -1).all()
    rigs = [hands for hands in HANDS.values() if len(_fingers(hands)) > 3]
    assert len(rigs) > 3
    for hands in rigs:
        roots, ends = (hands.xyz[:, [f[i] for f in _fingers(hands)]] for i in (0, -1))
        # Fingers are in order, the one beside the thumb first.
        across, along = roots[:, -1] - roots[:, 1], roots[:, 1] - hands.xyz[:, 0]
        out_of_palm = np.cross(along, across)
        bent = ((ends - roots)[:, 1:].mean(1) * out_of_palm).sum(-1)
        assert (bent > 0).mean() > 0.5


@pytest.mark.parametrize("random_sets", [random_creatures, random_hands])
def test_a_seed_says_everything(random_sets):
    first, again, other = random_sets(8, 5), random_sets(8, 5), random_sets(8, 5, seed=1)
    for name, poses in first.items():
        np.testing.assert_array_equal(again[name].xyz, poses.xyz)
        assert again[name].skeleton == poses.skeleton
        assert not np.array_equal(other[name].xyz, poses.xyz)


def _lengths(poses: PoseSet, bones: np.ndarray) -> np.ndarray:
    return np.linalg.norm(poses.xyz[:, bones[:, 0]] - poses.xyz[:, bones[:, 1]], axis=-1)


def _fingers(hands: PoseSet) -> list[list[int]]:
    """Those with four keypoints, of which the last is a tip and the first hangs on the palm."""
    neighbours = [set(np.flatnonzero(row)) for row in hands.skeleton.adjacency]
    fingers = []
    for tip in (i for i, around in enumerate(neighbours) if len(around) == 1):
        finger = [tip]
        while len(finger) < 4 and len(inward := neighbours[finger[-1]] - {*finger}) == 1:
            finger.append(int(inward.pop()))
        if len(finger) == 4 and len(neighbours[finger[-1]]) == 2:
            fingers.append(finger[::-1])
    return fingers
