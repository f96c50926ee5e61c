"""The built-in scene: kinematics, truth against picture, the detector's errors, who is there."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest

from lfm_ros.core.errors import InputError
from lfm_ros.scene import RIGS, Frame, Scene, sample_rig
from lfm_ros.scene.kinematics import Tree, matrix_from_angles
from lfm_ros.scene.motion import bump, ease
from lfm_ros.scene.person import CYCLE_SECONDS, SPEED
from lfm_ros.skeletons import load_skeleton

TIMES = np.arange(0.0, 60.0, 0.25)


def lengths(points, skeleton):
    first, second = np.array(skeleton.edges).T
    return np.linalg.norm(points[:, first] - points[:, second], axis=-1)


def rows(scene: Scene, frames: list[Frame]):
    """Per instance: keypoints, confidence and truth of the rig's own K, clean pixels, radius."""
    for frame in frames:
        for row in range(len(frame)):
            k = len(scene.skeletons[frame.skeleton[row]])
            truth = frame.truth[row, :k].astype(float)
            clean = scene.camera.project(truth)
            radius = np.linalg.norm(clean - clean.mean(0), axis=-1).max()
            yield frame.keypoints[row, :k], frame.confidence[row, :k], truth, clean, radius


@pytest.fixture(scope="module")
def noisy() -> list[Frame]:
    scene = Scene(seed=5)
    return [scene.frame(t) for t in TIMES]


# Kinematics


def test_rotations_are_those_of_scipy() -> None:
    rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    angles = np.random.default_rng(0).uniform(-3, 3, (50, 3))
    expected = rotation.from_euler("xyz", angles).as_matrix()
    np.testing.assert_allclose(matrix_from_angles(angles), expected, atol=1e-12)


def test_a_chain_of_joints_ends_where_geometry_says() -> None:
    tree = Tree.build([("a", None, (0, 0, 0)), ("b", "a", (1, 0, 0)), ("c", "b", (1, 0, 0))])
    bent = tree.angles(2, {"a": (0, 0, [0, 90]), "b": (0, [0, -90], 0)})
    end = tree.forward(bent)[:, 2]
    # The second pose turns left, then bends up, whatever the way it looks.
    np.testing.assert_allclose(end, [[2, 0, 0], [0, 1, 1]], atol=1e-12)


def test_poses_at_once_are_the_poses_one_by_one() -> None:
    rig = RIGS["scene_hand"]
    rng = np.random.default_rng(1)
    poses, bodies, turns = rig.poses(7, rng), rig.bodies(7, rng), rig.orientations(7, rng)
    single = [
        rig.keypoints(poses[i : i + 1], bodies[i : i + 1], turns[i : i + 1])[0] for i in range(7)
    ]
    np.testing.assert_allclose(rig.keypoints(poses, bodies, turns), single, atol=1e-14)


def test_a_parent_must_come_first() -> None:
    with pytest.raises(ValueError, match="every parent before"):
        Tree.build([("a", None, (0, 0, 0)), ("b", "c", (1, 0, 0)), ("c", "a", (1, 0, 0))])


@pytest.mark.parametrize("name", RIGS)
def test_bones_keep_their_lengths(name: str) -> None:
    rig = RIGS[name]
    body = rig.bodies(1, np.random.default_rng(2))
    points = rig.keypoints(rig.motion(np.arange(0.0, 20.0, 0.1)), body)
    found = lengths(points, rig.skeleton)
    assert (found > 1e-3).all()
    np.testing.assert_allclose(found, np.broadcast_to(found[:1], found.shape), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(set(RIGS) - {"scene_chair"}))
def test_what_has_joints_moves(name: str) -> None:
    rig = RIGS[name]
    points = rig.keypoints(rig.motion(np.arange(0.0, 10.0, 0.1)))
    assert np.ptp(points, axis=0).max() > 0.1 * np.ptp(points[0], axis=0).max()


@pytest.mark.parametrize("name", RIGS)
def test_motion_is_smooth(name: str) -> None:
    rig = RIGS[name]
    points = rig.keypoints(rig.motion(np.arange(0.0, 12.0, 0.01)))
    speed = np.linalg.norm(np.diff(points, axis=0), axis=-1) / 0.01
    assert speed.max() < 6.0  # metres a second: nothing jumps


def test_the_walker_stands_on_feet_that_do_not_slip() -> None:
    rig = RIGS["scene_person"]
    t = np.arange(0.0, 4 * CYCLE_SECONDS, 0.01)
    points = rig.keypoints(rig.motion(t)) + SPEED * t[:, None, None] * [1.0, 0.0, 0.0]
    np.testing.assert_allclose(points[..., 2].min(1), 0.0, atol=1e-12)
    heel = points[:, rig.skeleton.names.index("left_heel")]
    carried = np.diff(heel[:, 0])[heel[:-1, 2] < 0.005]
    assert len(carried) > 50
    assert np.median(np.abs(carried)) / 0.01 < 0.25 * SPEED
    left, right = (points[:, rig.skeleton.names.index(n), 2] for n in ("left_heel", "right_heel"))
    assert np.corrcoef(left, right)[0, 1] < 0  # the feet take turns


def test_diagonal_legs_of_the_trot_move_together() -> None:
    rig = RIGS["scene_quadruped"]
    points = rig.keypoints(rig.motion(np.arange(0.0, 4.0, 0.01)))[..., 2]
    fore, hind, other = (
        points[:, rig.skeleton.names.index(n)]
        for n in ("left_fore_paw", "right_hind_paw", "left_hind_paw")
    )
    assert np.corrcoef(fore, hind)[0, 1] > 0.7
    assert np.corrcoef(fore, other)[0, 1] < 0


def test_curves() -> None:
    assert bump(0.3, 0.3, 0.1) == pytest.approx(1.0)
    assert bump(0.4, 0.3, 0.1) == pytest.approx(np.exp(-0.5), rel=0.03)
    frames = [[0.0, 1.0], [2.0, 1.0], [4.0, 3.0]]
    np.testing.assert_allclose(ease(np.arange(6) / 6, frames)[::2], frames, atol=1e-12)
    np.testing.assert_allclose(ease(1 / 6, frames), [1.0, 1.0], atol=1e-12)


# Rigs


@pytest.mark.parametrize("name", RIGS)
def test_the_registered_skeleton_describes_the_rig(name: str) -> None:
    rig = RIGS[name]
    assert rig.skeleton is load_skeleton(name)
    rest = rig.keypoints(np.zeros((1, len(rig.tree), 3)))
    assert rig.skeleton.nominal_size == pytest.approx(lengths(rest, rig.skeleton).sum(), rel=0.01)
    mirrored = rest[0] * [1.0, -1.0, 1.0]
    for left, right in rig.skeleton.pairs:
        if name != "scene_arm":  # its shoulder is on one side
            np.testing.assert_allclose(mirrored[left], rest[0, right], atol=1e-12)


@pytest.mark.parametrize("name", RIGS)
def test_sampled_poses_are_many_different_plausible_ones(name: str) -> None:
    points, skeleton = sample_rig(name, 200, np.random.default_rng(3))
    assert points.shape == (200, len(skeleton), 3)
    assert np.isfinite(points).all()
    bones = lengths(points, skeleton)
    assert (bones.std(0) / bones.mean(0) > 0.05).all()  # other bodies
    assert np.median(bones.sum(1)) == pytest.approx(skeleton.nominal_size, rel=0.1)
    shapes = points - points.mean(1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
    u, _, vt = np.linalg.svd(np.swapaxes(shapes[:100], 1, 2) @ shapes[100:])
    u[..., :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    distance = np.linalg.norm(shapes[:100] @ (u @ vt) - shapes[100:], axis=(1, 2))
    assert np.median(distance) > 0.05  # other shapes, whichever way they are turned
    again, _ = sample_rig(name, 200, np.random.default_rng(3))
    np.testing.assert_array_equal(points, again)


def test_sampled_people_stand_on_the_ground_head_up() -> None:
    points, skeleton = sample_rig("scene_person", 300, np.random.default_rng(4))
    np.testing.assert_allclose(points[..., 2].min(1), 0.0, atol=1e-12)
    crown = points[:, skeleton.names.index("crown"), 2]
    hips = points[:, [skeleton.names.index(f"{s}_hip") for s in ("left", "right")], 2].mean(1)
    assert (crown > hips).mean() > 0.98


def test_no_samples_is_an_empty_array() -> None:
    points, skeleton = sample_rig("scene_chair", 0, np.random.default_rng(0))
    assert points.shape == (0, len(skeleton), 3)


def test_bad_requests_say_what_would_do() -> None:
    with pytest.raises(InputError, match="scene_person"):
        sample_rig("person", 3, np.random.default_rng(0))
    with pytest.raises(InputError, match="0 or more"):
        sample_rig("scene_hand", -1, np.random.default_rng(0))
    with pytest.raises(InputError, match="finite"):
        Scene().frame(float("nan"))


def test_rigs_are_not_in_the_recorded_data(shared_data) -> None:
    same_kind = {
        "scene_person": ("human/",),
        "scene_hand": ("hand/", "adroit", "allegro"),
        "scene_quadruped": ("animal/", "quadruped", "hyq", "solo12", "spot", "unitree_"),
        "scene_arm": ("_arm",),
        "scene_chair": ("chair",),
    }
    sets = json.loads((shared_data / "index.json").read_text())["sets"]
    assert set(same_kind) == set(RIGS)
    for name, kinds in same_kind.items():
        skeleton = load_skeleton(name)
        peers = [s for s in sets if any(kind in s["file"] for kind in kinds)]
        assert peers, f"nothing to compare {name} with"
        assert len(skeleton) not in {s["joints"] for s in peers}
    for entry in sets:
        with np.load(shared_data / entry["file"]) as data:
            names = {str(n) for n in data["names"]}
        assert all(names != set(load_skeleton(name).names) for name in RIGS)


# The scene


def test_a_frame_depends_on_seed_and_time_alone() -> None:
    first, second = Scene(seed=1), Scene(seed=1)
    second.frame(40.0)
    for t in (0.0, 3.21, -2.5, 1e5):
        a, b = first.frame(t), second.frame(t)
        for name in vars(a):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    other = Scene(seed=2).frame(0.0)
    assert not np.array_equal(other.keypoints, first.frame(0.0).keypoints)
    assert not np.array_equal(other.truth, first.frame(0.0).truth)


def test_types_and_padding() -> None:
    scene = Scene()
    frame = scene.frame(0.0)
    assert [str(getattr(frame, n).dtype) for n in vars(frame)] == [
        "float32", "float32", "int32", "int32", "float32", "bool",
    ]  # fmt: skip
    counts = np.array([len(scene.skeletons[s]) for s in frame.skeleton])
    padding = np.arange(frame.keypoints.shape[1]) >= counts[:, None]
    assert padding.any()
    assert frame.keypoints.shape[1] == max(len(s) for s in scene.skeletons)
    np.testing.assert_array_equal(frame.truth_valid, ~padding)
    assert not frame.confidence[padding].any()
    assert not frame.keypoints[padding].any()
    assert not frame.truth[padding].any()


def test_without_noise_the_truth_projects_to_the_keypoints() -> None:
    scene = Scene(noise=False)
    for uv, confidence, truth, clean, _ in rows(scene, [scene.frame(t) for t in TIMES[::4]]):
        seen = confidence > 0
        assert set(confidence) <= {0.0, 1.0}
        np.testing.assert_allclose(uv[seen], clean[seen], atol=2e-3)
        assert (truth[:, 2] > 0.3).all()


def test_all_kinds_share_the_first_picture_and_are_where_they_belong() -> None:
    scene = Scene(noise=False)
    frame = scene.frame(0.0)
    assert {scene.skeletons[s].name for s in frame.skeleton} == set(RIGS)
    assert scene.camera.size == (1280, 720)
    ranges = {"scene_person": (3.0, 6.4), "scene_hand": (0.5, 0.9)}
    for t in TIMES[::4]:
        frame = scene.frame(t)
        for row, skeleton in enumerate(frame.skeleton):
            near, far = ranges.get(scene.skeletons[skeleton].name, (1.5, 6.4))
            depth = frame.truth[row][frame.truth_valid[row], 2]
            assert near < depth.min() < depth.max() < far
            assert (frame.confidence[row] > 0).sum() > 0.5 * len(scene.skeletons[skeleton])


def test_up_is_up() -> None:
    scene = Scene(noise=False)
    assert np.linalg.norm(scene.up) == pytest.approx(1.0)
    assert scene.up[1] < -0.9
    frame = scene.frame(2.0)
    person = frame.truth[0]
    names = scene.skeletons[frame.skeleton[0]].names
    height = person[:22] @ scene.up
    assert height[names.index("crown")] == height.max()
    assert 1.4 < np.ptp(height) < 2.1


def test_errors_are_heavy_tailed_and_confidence_knows_about_them(noisy) -> None:
    error, confidence = [], []
    for uv, sure, _, clean, radius in rows(Scene(seed=5), noisy):
        seen = sure > 0
        error.append(np.linalg.norm(uv - clean, axis=-1)[seen] / radius)
        confidence.append(sure[seen])
    e, c = np.concatenate(error), np.concatenate(confidence)
    median, tail = np.quantile(e, [0.5, 0.99])
    assert 0.01 < median < 0.02
    assert tail > 5 * median  # of a normal distribution it would be 2.6
    assert (c > 0).all()
    assert (c <= 1).all()
    worst, best = np.median(e[c < np.quantile(c, 0.1)]), np.median(e[c > np.quantile(c, 0.9)])
    assert worst > 4 * best


def test_single_keypoints_drop_out_for_a_moment(noisy) -> None:
    missing = np.concatenate([sure == 0 for _, sure, *_ in rows(Scene(seed=5), noisy)])
    assert 0.015 < missing.mean() < 0.06
    for uv, sure, *_ in rows(Scene(seed=5), noisy):
        assert not uv[sure == 0].any()
    # A dropout lasts: most of what is missing now was missing a thirtieth of a second ago.
    scene = Scene(seed=5)
    pairs = [(scene.frame(t), scene.frame(t + 1 / 30)) for t in TIMES]
    pairs = [(a, b) for a, b in pairs if np.array_equal(a.instance_id, b.instance_id)]
    before = np.concatenate([(a.confidence == 0)[a.truth_valid] for a, _ in pairs])
    after = np.concatenate([(b.confidence == 0)[b.truth_valid] for _, b in pairs])
    assert after[before].mean() > 0.6


def test_objects_come_and_go_under_stable_ids(noisy) -> None:
    counts = [len(frame) for frame in noisy]
    assert min(counts) >= 1
    assert len(set(counts)) >= 3
    spans, skeletons = defaultdict(list), defaultdict(set)
    for step, frame in enumerate(noisy):
        assert len(set(frame.instance_id.tolist())) == len(frame)
        for instance, skeleton in zip(
            frame.instance_id.tolist(), frame.skeleton.tolist(), strict=True
        ):
            spans[instance].append(step)
            skeletons[instance].add(skeleton)
    assert len(spans) > 8
    assert all(len(s) == 1 for s in skeletons.values())
    # An id is one visit without a gap: who comes back is somebody new.
    assert all(s[-1] - s[0] + 1 == len(s) for s in spans.values())
    assert any(len(frame.skeleton[frame.skeleton == 0]) == 2 for frame in noisy)
