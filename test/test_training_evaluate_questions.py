"""What the evaluation asks beside accuracy: each answer, where the right one is known."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import camera, in_front, rotations, shapes
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Lifter
from lfm_ros.scene import sample_rig
from training.data.poses import PoseSet
from training.evaluation.conditions import CAMERA, Condition
from training.evaluation.examiner import Examiner
from training.evaluation.mean_shape import mean_person, placed
from training.evaluation.permutation import order_matters, shuffled
from training.evaluation.recordings import recordings
from training.evaluation.rigs import fewer_keypoints, more_keypoints, transfer
from training.evaluation.sets import Division
from training.evaluation.shots import shoot
from training.evaluation.uncertainty import calibration, figures_of, rank_correlation, reliability
from training.gpa import mean_shape


def poses_of(rig: str, count: int = 24) -> PoseSet:
    xyz, skeleton = sample_rig(f"scene_{rig}", count, np.random.default_rng(0))
    up = np.array([0, 0, 1], np.float32)
    valid = np.ones(xyz.shape[:2], bool)
    sequence = np.arange(count)
    return PoseSet(f"builtin/{rig}", xyz.astype(np.float32), valid, sequence, up, skeleton)


@pytest.fixture(scope="module")
def sets():
    return {f"builtin/{rig}": poses_of(rig) for rig in ("person", "quadruped")}


@pytest.fixture(scope="module")
def examiner():
    with Lifter.from_pretrained() as lifter:
        yield Examiner(lifter, frames=24, fewer=16, seed=0, workers=2)


def test_the_order_of_the_keypoints_changes_nothing(examiner, sets):
    found = order_matters(examiner, sets)
    for row in found.values():
        assert row["largest"] < 1e-2, "per cent of the radius"
        assert row["mean"] < 1e-4
        assert row["before"] == pytest.approx(row["after"], abs=1e-3)
    assert found["with_edges"]["before"] != pytest.approx(found["without_edges"]["before"], 0.01)


def test_edges_go_with_the_keypoints_that_they_join(sets):
    shots = shoot(sets["builtin/person"], Condition(), 3, 0)
    order = np.random.default_rng(1).permutation(len(shots.skeleton))
    other = shuffled(shots, order)
    np.testing.assert_array_equal(other.pixels, shots.pixels[:, order])
    joined = {frozenset(shots.skeleton.names[i] for i in e) for e in shots.skeleton.edges}
    assert {frozenset(other.skeleton.names[i] for i in e) for e in other.skeleton.edges} == joined
    assert shots.skeleton.pairs
    np.testing.assert_array_equal(other.skeleton.sides, shots.skeleton.sides[order])


def test_a_network_told_the_wrong_edges_is_found_out(examiner, sets):
    """The permutation figure can be large: shuffle the keypoints and leave the edges."""
    shots = shoot(sets["builtin/person"], Condition(), 8, 0)
    order = np.random.default_rng(1).permutation(len(shots.skeleton))
    wrong = shuffled(shots, order)
    wrong = type(shots)(**{**wrong.__dict__, "skeleton": shots.skeleton})
    lift = examiner.lifter.lift
    right = lift(shots.pixels, None, CAMERA, shots.skeleton).points[:, order]
    assert np.abs(lift(wrong.pixels, None, CAMERA, wrong.skeleton).points - right).max() > 0.1


def test_smaller_rigs_keep_their_points_and_hang_together(sets):
    shots = shoot(sets["builtin/person"], Condition(), 3, 0)
    other, old, new = fewer_keypoints(shots, 0)
    assert len(other.skeleton) == round(len(shots.skeleton) / 2)
    np.testing.assert_array_equal(other.pixels[:, new], shots.pixels[:, old])
    assert [other.skeleton.names[i] for i in new] == [shots.skeleton.names[i] for i in old]
    twins = {i for pair in shots.skeleton.pairs or () for i in pair if set(pair) <= set(old)}
    for i, index in enumerate(old):
        side = shots.skeleton.sides[index] if index in twins else 0
        assert other.skeleton.sides[i] == side, "a keypoint whose twin is gone has no side"
    reach = np.linalg.matrix_power(np.eye(len(new)) + other.skeleton.adjacency, len(new))
    assert (reach > 0).all()


def test_larger_rigs_have_a_keypoint_in_the_middle_of_every_edge(sets):
    shots = shoot(sets["builtin/person"], Condition(), 3, 0)
    other, old, new = more_keypoints(shots, 0)
    np.testing.assert_allclose(other.pixels[:, new], shots.pixels[:, old], atol=1e-9)
    total = len(shots.skeleton)
    assert len(other.skeleton) == total + len(shots.skeleton.edges)
    assert len(other.skeleton.edges) == 2 * len(shots.skeleton.edges)
    a, b = shots.skeleton.edges[3]
    np.testing.assert_allclose(other.truth[:, total + 3], shots.truth[:, [a, b]].mean(1))
    assert {(a, total + 3), (b, total + 3)} <= set(other.skeleton.edges)
    sides = other.skeleton.sides
    np.testing.assert_array_equal(sides[:total], shots.skeleton.sides)
    for i, (a, b) in enumerate(shots.skeleton.edges):
        both = sides[a] + sides[b]
        assert sides[total + i] == np.sign(both), "the middle of a left bone is on the left"


def test_both_ways_are_told_beside_the_rig_itself(examiner, sets):
    found = transfer(examiner, sets)
    whole = examiner.under(sets, Condition())
    for name in sets:
        superset = found["superset"]["sets"][name]
        assert superset["procrustes_before"] == pytest.approx(whole["sets"][name]["procrustes"])
        assert superset["procrustes"] != pytest.approx(superset["procrustes_before"])
        assert found["subset"]["sets"][name]["procrustes_before"] > 0


@pytest.mark.parametrize(("factor", "expected"), [(1.0, (50, 68, 90)), (0.5, (29.3, 43.4, 68.4))])
def test_coverage_of_an_error_that_is_known(factor, expected):
    """With sigma halved, 1 - (1 - p) ** 0.5 of the points are as near as a share p should be."""
    random = np.random.default_rng(0)
    sigma = np.exp(random.standard_normal(100_000))
    found = figures_of(factor * sigma, sigma * random.exponential(size=len(sigma)))
    coverage = [found[f"coverage_{p}"] for p in (50, 68, 90)]
    assert coverage == pytest.approx(expected, abs=0.6)
    assert found["sigma"] / found["error"] == pytest.approx(factor, rel=0.03)
    assert 0.4 < found["spearman"] < 0.7


def test_rank_correlation_is_of_ranks():
    values = np.random.default_rng(0).random(50)
    assert rank_correlation(values, np.exp(9 * values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    assert rank_correlation(values, np.ones(50)) == 0


def test_the_reliability_plot_of_an_error_that_is_known():
    random = np.random.default_rng(0)
    sigma = random.uniform(0.01, 0.3, 200_000)
    bins = reliability(sigma, sigma * random.exponential(size=len(sigma)))
    assert len(bins["sigma"]) == 10
    assert bins["sigma"] == sorted(bins["sigma"])
    np.testing.assert_allclose(bins["error"], bins["sigma"], rtol=0.05)


def test_the_lifter_is_less_sure_of_what_it_does_not_see(examiner, sets):
    clear = calibration(examiner, sets)["overall"]
    hidden = calibration(examiner, sets, Condition(hidden=0.6))["overall"]
    assert hidden["sigma"] > 1.3 * clear["sigma"]
    assert hidden["error"] > 1.3 * clear["error"]
    assert 0 < clear["coverage_50"] < clear["coverage_68"] < clear["coverage_90"] <= 100


def test_a_mean_shape_is_found_and_placed_to_the_millimetre():
    shape = shapes(1, 9, 0)[0]
    turn = rotations(40, 1)
    poses = np.einsum("bij,kj->bki", turn, shape) + shapes(40, 1, 2)
    mean = mean_shape(poses)
    truth = in_front(40, 9, 3).mean(1, keepdims=True) + 0.3 * np.einsum("bij,kj->bki", turn, mean)
    view = camera("plumb_bob")
    points, enough = placed(0.3 * mean, view.project(truth), np.ones((40, 9)), [view] * 40)
    assert enough.all()
    # A start that lies on the wrong side of the object may stay there; most do not.
    assert np.median(np.linalg.norm(points - truth, axis=-1)) < 1e-3


def test_a_rig_with_unknown_names_has_no_mean_person(sets):
    source = sets["builtin/person"]
    assert mean_person(source, sets["builtin/quadruped"].skeleton) is None


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, sets):
    """People before a camera with a lens, found by a detector that is sometimes off."""
    folder = tmp_path_factory.mktemp("recorded")
    poses, view = sets["builtin/person"], camera("plumb_bob")
    count, total = poses.valid.shape
    # z up to y down, three metres away.
    truth = poses.xyz.astype(float)[..., [0, 2, 1]] * (1, -1, 1)
    truth += (0, 0, 3) - truth.mean(1, keepdims=True)
    pixels = view.project(truth)
    confidence = np.ones((count, total))
    confidence[0, 3:] = 0
    random = np.random.default_rng(0)
    (folder / "human").mkdir()
    np.savez(
        folder / "human/filmed.npz",
        xyz=truth.astype(np.float32),
        names=np.array(poses.skeleton.names),
        edges=np.array(poses.skeleton.edges),
        sequence=np.arange(count),
        uv=pixels,
        uv_det=pixels + 6 * random.standard_normal(pixels.shape),
        uv_det_conf=confidence,
        K=np.asarray(view.matrix),
        dist=np.array(view.distortion),
        image_size=np.array(view.size),
        unit="m",
        up="-y",
    )
    return folder


def test_recordings_are_lifted_through_their_own_camera(examiner, recorded):
    found = recordings(examiner, recorded, Division({}, {}))["human/filmed"]
    assert found["frames"] == 23, "in one frame the detector saw three keypoints"
    assert not found["in_training"]
    assert set(found["sources"]) == {"uv_det", "uv", "projected"}
    for methods in found["sources"].values():
        assert set(methods) == {"lifted", "lifted_level", "no_depth"}
    detected, labelled, perfect = (
        found["sources"][name]["lifted"] for name in ("uv_det", "uv", "projected")
    )
    assert detected["procrustes_mm"] > labelled["procrustes_mm"]
    assert labelled["procrustes_mm"] == pytest.approx(perfect["procrustes_mm"], rel=1e-3)
    assert labelled["procrustes_mm"] == pytest.approx(labelled["all_procrustes_mm"])


def test_knowing_the_lens_brings_the_truth_back_to_its_pixels(examiner, recorded):
    lens = recordings(examiner, recorded, Division({}, {}))["human/filmed"]["lens"]
    assert lens["known"]["reprojection_px"] < 0.01
    assert lens["not_known"]["reprojection_px"] > 1
    assert lens["not_known"]["camera_mm"] != pytest.approx(lens["known"]["camera_mm"], rel=1e-3)
