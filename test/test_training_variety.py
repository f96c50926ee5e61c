"""Other rigs, bodies and postures: what the training makes of one set of poses."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import bush, chain, shapes

pytest.importorskip("scipy", reason="scipy is not installed here (make test installs it)")

from lfm_ros import Skeleton
from lfm_ros.core.pairs import guess_pairs
from training.data.limbs import LimbConfig, Limbs, vary
from training.data.rigs import SMALLEST, Rig, RigConfig, contracted, draw

PERSON = Skeleton(
    ["hip", "l_knee", "l_foot", "r_knee", "r_foot", "chest", "head", "l_hand", "r_hand"],
    [(0, 1), (1, 2), (0, 3), (3, 4), (0, 5), (5, 6), (5, 7), (5, 8)],
)


def bones(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    a, b = np.array(skeleton.edges).T
    return np.linalg.norm(xyz[:, a] - xyz[:, b], axis=-1)


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["left_knee", "nose", "right_knee"], [(0, 2)]),
        (["KneeRight", "KneeLeft"], [(1, 0)]),
        (["L_Thigh", "R_Thigh", "L_3"], [(0, 1)]),
        (["lShldr", "rShldr"], [(0, 1)]),
        (["lfemur", "rfemur", "root", "legs"], [(0, 1)]),
        (["FL_foot", "FR_foot", "RL_foot", "RR_foot"], [(0, 1), (2, 3)]),
        (["c1_lf", "c1_rf", "c1_lm", "c1_rm"], [(0, 1), (2, 3)]),
        (["eye_l_0", "eye_l_1", "eye_r_0", "eye_r_1"], [(0, 2), (1, 3)]),
        (["panda_leftfinger", "panda_rightfinger"], [(0, 1)]),
        (["lftip", "rftip", "mftip", "fftip"], []),
        (["link_1", "link_2", "torso"], []),
        (["left_knee"], []),
    ],
)
def test_sides_are_read_from_names(names, pairs):
    assert guess_pairs(names) == pairs


def test_scaled_bones_change_in_length_and_not_in_direction():
    xyz = shapes(20, 9, 0).astype(np.float32)
    scaled = Limbs(PERSON).scale(xyz, 0.2, np.random.default_rng(1))
    a, b = np.array(PERSON.edges).T
    before, after = xyz[:, b] - xyz[:, a], scaled[:, b] - scaled[:, a]
    ratio = np.linalg.norm(after, axis=-1) / np.linalg.norm(before, axis=-1)
    np.testing.assert_allclose(after, ratio[..., None] * before, rtol=1e-4, atol=1e-5)
    assert np.log(ratio).std() == pytest.approx(0.2, abs=0.05)
    np.testing.assert_allclose(ratio[:, 0], ratio[:, 2], rtol=1e-4, err_msg="legs go together")
    assert not np.allclose(ratio[:, 0], ratio[:, 1])


def test_a_swung_limb_keeps_every_bone_and_what_does_not_hang_on_it():
    xyz = shapes(200, 9, 2).astype(np.float32)
    limbs = Limbs(PERSON)
    swung = limbs.swing(xyz, 40.0, np.random.default_rng(3))
    np.testing.assert_allclose(bones(swung, PERSON), bones(xyz, PERSON), rtol=1e-4)
    moved = (np.abs(swung - xyz) > 1e-5).any(-1)
    assert moved.any()
    assert not moved[:, 5].any(), "the chest has the most bones and is the root"
    feet_alone = moved[:, 2] & ~moved[:, 1]
    assert feet_alone.any()
    assert not (moved[:, 1] & ~moved[:, 2]).any(), "a foot goes with its knee"


def test_only_a_tree_has_limbs_and_only_soft_bodies_are_swung():
    loop = Skeleton(["a", "b", "c"], [(0, 1), (1, 2), (2, 0)])
    apart = Skeleton(["a", "b", "c", "d"], [(0, 1), (2, 3)])
    assert Limbs.of(loop) is None
    assert Limbs.of(apart) is None
    assert Limbs.of(Skeleton(["a", "b"])) is None
    limbs = Limbs.of(PERSON)
    xyz, random = shapes(50, 9, 4).astype(np.float32), np.random.default_rng(5)
    only_swing = LimbConfig(bones=0.0, swung=1.0)
    valid = np.ones((50, 9), bool)
    valid[7, 2] = False
    assert (vary(xyz, valid, None, False, LimbConfig(), random) == xyz).all()
    np.testing.assert_allclose(vary(xyz, valid, limbs, True, only_swing, random), xyz, atol=1e-6)
    varied = vary(xyz, valid, limbs, False, only_swing, random)
    assert varied.dtype == np.float32
    assert (varied[7] == xyz[7]).all(), "what hangs on a missing joint is not known"
    assert (np.abs(varied - xyz).max((1, 2)) > 1e-4).sum() > 40


def test_a_rig_as_it_is_has_its_own_points():
    xyz, valid = shapes(5, 9, 6).astype(np.float32), np.ones((5, 9), bool)
    rig = Rig.of(PERSON)
    points, there = rig.points(xyz, valid)
    assert (points == xyz).all()
    assert there.all()
    assert rig.twin.tolist() == [0, 3, 4, 1, 2, 5, 6, 8, 7]


@pytest.mark.parametrize("skeleton", [PERSON, chain(5), bush(13), chain(60), Skeleton(["a"])])
def test_drawn_rigs_fit_together(skeleton):
    random = np.random.default_rng(7)
    xyz, valid = shapes(4, len(skeleton), 8).astype(np.float32), np.ones((4, len(skeleton)), bool)
    config = RigConfig(subrig=0.7, markers=0.7)
    sizes = set()
    for _ in range(100):
        rig = draw(Rig.of(skeleton), config, random)
        k = len(rig)
        sizes.add(k)
        points, there = rig.points(xyz, valid)
        assert points.shape == (4, k, 3)
        assert np.isfinite(points).all()
        assert there.all()
        assert rig.adjacency.shape == (k, k)
        assert (rig.adjacency == rig.adjacency.T).all()
        assert not rig.adjacency.diagonal().any()
        assert (rig.twin[rig.twin] == np.arange(k)).all(), "twins are each other's"
        # Poses with a missing keypoint lose what hangs on it, and nothing else.
        if len(skeleton) > 1:
            gone = np.arange(len(skeleton)) != 0
            needs = np.stack([rig.anchor, rig.first, rig.second]) == 0
            expected = ~needs.any(0) if rig.offset.any() else rig.anchor != 0
            assert (rig.points(xyz, np.tile(gone, (4, 1)))[1] == expected).all()
    if len(skeleton) > SMALLEST:
        assert min(sizes) >= SMALLEST
        assert min(sizes) < len(skeleton)


def test_markers_turn_with_the_body_and_grow_with_it():
    xyz, valid = shapes(6, 9, 9), np.ones((6, 9), bool)
    random = np.random.default_rng(10)
    rig = draw(Rig.of(PERSON), RigConfig(subrig=0.0, markers=1.0), random)
    assert rig.offset.any()
    turn, _ = np.linalg.qr(random.standard_normal((3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    points = rig.points(xyz, valid)[0]
    np.testing.assert_allclose(rig.points(3 * xyz @ turn, valid)[0], 3 * points @ turn, atol=1e-5)


def together(adjacency: np.ndarray) -> np.ndarray:
    """Whether two keypoints hang together, by brute force."""
    reach = np.eye(len(adjacency)) + adjacency
    for _ in range(len(adjacency)):
        reach = ((reach @ reach) > 0).astype(float)
    return reach


@pytest.mark.parametrize("looped", [0.0, 1.0])
def test_taking_keypoints_out_keeps_the_rest_together(looped):
    random = np.random.default_rng(8)
    for _ in range(50):
        rig = bush(15).adjacency
        kept = np.sort(random.choice(15, random.integers(4, 15), replace=False))
        graph = contracted(rig, kept, looped, random)
        assert graph.shape == (len(kept), len(kept))
        np.testing.assert_array_equal(graph, graph.T)
        assert not graph.diagonal().any()
        assert together(graph).all(), "a tree without some of its joints is still one piece"
        if not looped:
            assert graph.sum() / 2 == len(kept) - 1, "and still a tree"
        # What was joined and stayed is still joined.
        np.testing.assert_array_equal(graph[rig[np.ix_(kept, kept)] > 0], 1)


def test_taking_keypoints_out_joins_no_separate_pieces():
    two = np.zeros((8, 8), np.float32)
    for a, b in [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)]:
        two[a, b] = two[b, a] = 1
    graph = contracted(two, np.array([0, 2, 3, 4, 6, 7]), 0.5, np.random.default_rng(9))
    assert not graph[:3, 3:].any()
    assert together(graph)[:3, :3].all()
