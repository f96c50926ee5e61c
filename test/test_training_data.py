"""Sets of poses, splits, and the batches that are drawn from them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from synthetic import bush, chain, write_poses

pytest.importorskip("torch", reason="torch is not installed here (make test installs it)")

from lfm_ros.core.errors import InputError
from training.data.limbs import LimbConfig
from training.data.poses import load_folder, load_set
from training.data.rigs import RigConfig
from training.data.sampler import PoseSampler, SamplerConfig
from training.data.splits import FAMILIES, choose, divide, held_out, load_splits


@pytest.fixture
def folder(tmp_path):
    write_poses(tmp_path / "human/walk.npz", bush(13), sequences=8, frames=5)
    write_poses(tmp_path / "human/run.npz", chain(13), sequences=2, frames=40, seed=1)
    write_poses(tmp_path / "robot/arm.npz", chain(7), sequences=4, frames=100, seed=2)
    write_poses(tmp_path / "face/mask.npz", chain(40), sequences=5, frames=10, seed=3)
    return tmp_path


def test_reads_a_set_as_it_was_written(folder):
    poses = load_set(folder / "robot/arm.npz", "robot/arm.npz")
    assert poses.name == "robot/arm"
    assert poses.group == "robot"
    assert poses.xyz.shape == (400, 7, 3)
    assert poses.xyz.dtype == np.float32
    assert poses.valid.all()
    assert poses.skeleton.edges == chain(7).edges
    np.testing.assert_array_equal(poses.up, [0, 0, 1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+z", [0, 0, 1]),
        ("-y (as in images)", [0, -1, 0]),
        ("+x", [1, 0, 0]),
        ("z is up for most", [0, 0, 1]),
        ("unknown", [0, 0, 0]),
        ("", [0, 0, 0]),
    ],
)
def test_reads_which_way_is_up(tmp_path, text, expected):
    write_poses(tmp_path / "a.npz", chain(5), 1, 1, up=text)
    np.testing.assert_array_equal(load_set(tmp_path / "a.npz").up, expected)


def _volumes(xyz):
    """Signed volumes (N,) of the first four points; a mirror changes their sign."""
    return np.linalg.det(xyz[:, 1:4] - xyz[:, :1])


@pytest.mark.parametrize("up", ["+x", "-y", "+z", "unknown"])
def test_left_hands_are_mirrored_to_right_ones(tmp_path, up):
    for name, more in (("any", {}), ("hand", {"hand": np.array([1, 0, 1, 0])})):
        write_poses(tmp_path / f"{name}.npz", bush(6), 1, 4, up=up, **more)
    before, after = (load_set(tmp_path / f"{name}.npz") for name in ("any", "hand"))
    assert before.skeleton.side == ""
    assert (after.skeleton.sides == -1).all()
    np.testing.assert_array_equal(after.xyz[::2], before.xyz[::2])
    np.testing.assert_array_equal(np.abs(after.xyz), np.abs(before.xyz))
    np.testing.assert_allclose(_volumes(after.xyz[1::2]), -_volumes(before.xyz[1::2]), rtol=1e-4)
    np.testing.assert_array_equal(after.xyz @ after.up, before.xyz @ before.up)


def test_missing_points_are_zero_and_poor_frames_are_left_out(tmp_path):
    xyz = np.random.default_rng(0).standard_normal((4, 6, 3)).astype(np.float32)
    valid = np.ones((4, 6), bool)
    xyz[0, 2] = np.nan
    valid[1, 3:] = False
    valid[2, 4] = False
    write_poses(tmp_path / "a.npz", chain(6), 1, 1, xyz=xyz, valid=valid, sequence=np.arange(4))
    poses = load_set(tmp_path / "a.npz")
    np.testing.assert_array_equal(poses.sequence, [0, 2, 3])
    assert not poses.valid[0, 2]
    assert not poses.xyz[0, 2].any()
    assert not poses.xyz[1, 4].any()
    assert np.isfinite(poses.xyz).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"xyz": np.zeros((3, 4, 3))}, r"\(3, 4, 3\).*5 names"),
        ({"xyz": np.zeros((3, 5))}, r"\(3, 5\)"),
        ({"valid": np.ones((2, 5), bool)}, r"\(2, 5\).*\(N, K\)"),
        ({"sequence": np.arange(3)}, r"\(3,\).*\(N,\)"),
        ({"sequence": np.array(["a", "b"])}, r"\(2,\).*\(N,\)"),
        ({"up": "z"}, r"up is 'z'; write \+x"),
        ({"up": np.array([0, 0, 1])}, r"up is '\[0 0 1\]'; write \+x"),
        ({"up": "+w"}, r"up is '\+w'; write \+x"),
        ({"xyz": np.full((1, 5, 3), np.nan)}, "none of its 1 poses has 4 valid points"),
        ({"edges": np.array([[0, 9]])}, "9"),
        ({"edges": np.array([1, 2, 3])}, "not a set of poses"),
        ({"names": np.array(["a"] * 5)}, "twice"),
    ],
)
def test_a_set_that_does_not_fit_together_is_named(tmp_path, changes, message):
    write_poses(tmp_path / "odd.npz", chain(5), 1, 1, **changes)
    with pytest.raises(InputError, match=rf"odd\.npz.*{message}"):
        load_set(tmp_path / "odd.npz")


def test_sequences_may_have_names(tmp_path):
    write_poses(tmp_path / "a.npz", chain(5), 1, 4, sequence=np.array(["run", "walk", "run", "a"]))
    np.testing.assert_array_equal(load_set(tmp_path / "a.npz").sequence, [1, 2, 1, 0])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"text"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "torn.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"torn\.npz.*docs/data\.md"):
        load_folder(tmp_path)


def test_arrays_that_are_missing_are_named(tmp_path):
    np.savez(tmp_path / "half.npz", xyz=np.zeros((2, 5, 3)))
    with pytest.raises(InputError, match=r"half\.npz.*names"):
        load_folder(tmp_path)


def test_a_folder_without_an_index_gives_every_file(folder):
    assert set(load_folder(folder)) == {"human/walk", "human/run", "robot/arm", "face/mask"}
    assert set(load_folder(folder, use="train")) == set(load_folder(folder))


def index(folder, *entries: dict) -> None:
    (folder / "index.json").write_text(json.dumps({"sets": entries}))


def test_the_index_says_what_is_for_what(folder):
    index(
        folder,
        {"file": "human/run.npz", "use": "train", "same_motion_as": "walk.npz"},
        {"file": "human/walk.npz", "use": "train", "same_motion_as": None},
        {"file": "robot/arm.npz", "use": "eval"},
    )
    train = load_folder(folder, use="train")
    assert set(train) == {"human/walk"}
    assert len(train["human/walk"]) == 40 + 80
    assert train["human/walk"].skeleton.edges == bush(13).edges
    assert set(load_folder(folder, use="eval")) == {"robot/arm"}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"sets": [{"file": "a.npz"}]}', '{"sets": 3}', '{"sets": ["a"]}']
)
def test_a_wrong_index_is_named(folder, content):
    (folder / "index.json").write_text(content)
    with pytest.raises(InputError, match=r"index\.json"):
        load_folder(folder, use="train")


def test_folders_without_sets_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere is not a folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no sets.*docs/data\.md"):
        load_folder(tmp_path)
    index(tmp_path, {"file": "gone.npz", "use": "train"})
    with pytest.raises(InputError, match=r"gone\.npz"):
        load_folder(tmp_path)


def test_a_split_never_cuts_a_sequence(folder):
    sets = load_folder(folder)
    chosen = held_out(sets)
    train, validation = divide(sets, chosen)
    assert set(validation) == {"human/walk", "robot/arm", "face/mask"}, "run has two sequences only"
    assert set(train) == set(sets)
    for name, poses in validation.items():
        ours, theirs = set(poses.sequence.tolist()), set(train[name].sequence.tolist())
        assert ours
        assert theirs
        assert not ours & theirs
        assert len(poses) + len(train[name]) == len(sets[name])
    assert choose(sets) == choose(dict(reversed(sets.items()))), "the order of sets must not matter"


def test_the_splits_in_the_repository_keep_sets_apart():
    splits = load_splits()
    seen, other, unseen = set(splits["seen"]), set(splits["other_rig"]), set(splits["unseen"])
    assert seen
    assert other
    assert unseen
    for first, second in combinations((seen, other, unseen), 2):
        assert not first & second
    for name, numbers in splits["seen"].items():
        assert numbers, name
        assert numbers == sorted(set(numbers)), name


def test_no_sequence_is_in_training_and_validation(shared_data):
    sets = load_folder(shared_data, use="train")
    splits = load_splits()
    assert held_out(sets) == splits["seen"], "splits.json is not what training.data.splits writes"
    train, validation = divide(sets, splits["seen"])
    assert set(validation) == set(splits["seen"])
    for name, poses in validation.items():
        assert not set(poses.sequence.tolist()) & set(train[name].sequence.tolist()), name
    for family in FAMILIES:
        # One trial, converted to two rigs: what one validates the other must not train on.
        assert family <= set(sets)
        for first, second in combinations(sorted(family), 2):
            for a, b in ((first, second), (second, first)):
                shown = set(validation[a].sequence.tolist())
                assert shown
                assert not shown & set(train[b].sequence.tolist()), (a, b)
    kept_out = {*splits["other_rig"], *splits["unseen"]}
    assert kept_out <= set(load_folder(shared_data, use="eval"))
    assert not kept_out & set(sets)


def drawn(sampler: PoseSampler, batches: int) -> list:
    return [sampler.batch() for _ in range(batches)]


AS_IS = RigConfig(subrig=0.0, markers=0.0)
SMALL = SamplerConfig(rigs=3, per_rig=6)


def test_batches_are_repeatable(folder):
    sets = load_folder(folder)
    first, second, other = (PoseSampler(sets, SMALL, seed, "cpu") for seed in (1, 1, 2))
    same, again, different = drawn(first, 5), drawn(second, 5), drawn(other, 5)
    for a, b in zip(same, again, strict=True):
        for name in vars(a):
            assert (getattr(a, name) == getattr(b, name)).all(), name
    assert any(
        a.xyz.shape != b.xyz.shape or (a.xyz != b.xyz).any()
        for a, b in zip(same, different, strict=True)
    )


def test_a_sampler_goes_on_from_its_random_state(folder):
    sets = load_folder(folder)
    whole, rest = PoseSampler(sets, SMALL, 1, "cpu"), PoseSampler(sets, SMALL, 99, "cpu")
    drawn(whole, 3)
    rest.random.bit_generator.state = json.loads(json.dumps(whole.random.bit_generator.state))
    assert (drawn(whole, 1)[0].xyz == drawn(rest, 1)[0].xyz).all()


def test_a_batch_fits_together(folder):
    config = SamplerConfig(rigs=3, per_rig=6, rig=RigConfig(markers=0.0))
    for batch in drawn(PoseSampler(load_folder(folder), config, 3, "cpu"), 30):
        poses, width = batch.valid.shape
        assert poses == 18
        assert batch.xyz.shape == (18, width, 3)
        assert batch.adjacency.shape == (6, width, width)
        assert not batch.adjacency[3:].any(), "the second half is the same rigs without edges"
        assert (batch.adjacency == batch.adjacency.transpose(1, 2)).all()
        assert not batch.adjacency.diagonal(dim1=1, dim2=2).any()
        rig = np.repeat(np.arange(3), 6)
        assert (batch.skeleton_index.numpy() % 3 == rig).all()
        # Every pose of the folder is whole, so what is not valid is padding.
        behind = ~batch.valid.numpy()
        counts = (~behind).sum(-1)
        assert (np.ptp(counts.reshape(3, 6), axis=-1) == 0).all(), (
            "one rig, one number of keypoints"
        )
        assert (counts >= 6).all()
        np.testing.assert_array_equal(behind, np.arange(width) >= counts[:, None])
        assert not batch.xyz.numpy()[behind].any()
        joined = batch.adjacency.numpy().any(-1)[batch.skeleton_index.numpy()]
        assert not (joined & behind).any()


def test_sets_of_a_batch_have_alike_numbers_of_keypoints(folder):
    config = SamplerConfig(rigs=3, per_rig=2, rig=AS_IS)
    widths = set()
    for batch in drawn(PoseSampler(load_folder(folder), config, 4, "cpu"), 40):
        counts = batch.valid.numpy().sum(-1)
        assert counts.max() <= config.padding * counts.min()
        widths.add(int(counts.max()))
    assert widths == {7, 13, 40}, "every set is drawn at some time"


def test_a_mirrored_hand_is_told_to_be_of_the_other_side(tmp_path):
    one = np.random.default_rng(0).standard_normal((1, 6, 3)).repeat(40, 0)
    write_poses(tmp_path / "hand/a.npz", bush(6), 1, 40, xyz=one, hand=np.ones(40, int))
    still = SamplerConfig(
        rigs=1, per_rig=40, stretch=0.0, limbs=LimbConfig(0, 0), rig=RigConfig(0, 0)
    )
    sampler = PoseSampler(load_folder(tmp_path), still, 0, "cpu")
    (batch,) = drawn(sampler, 1)
    told, right = batch.side.numpy(), -np.sign(_volumes(one) * _volumes(batch.xyz.numpy()))
    assert set(told.ravel()) == {-1, 0, 1}, "some poses are shown without their side"
    assert ((told == right[:, None]).all(-1) | (told == 0).all(-1)).all()


def test_some_poses_are_shown_without_their_edges(folder):
    config = SamplerConfig(rigs=3, per_rig=100, edges_dropped=0.3)
    told = np.concatenate(
        [
            batch.adjacency[batch.skeleton_index].sum((1, 2)).numpy() > 0
            for batch in drawn(PoseSampler(load_folder(folder), config, 5, "cpu"), 5)
        ]
    )
    assert told.mean() == pytest.approx(0.7, abs=0.05)


def test_groups_are_drawn_by_their_weights(folder):
    config = SamplerConfig(groups=(("robot", 2.0), ("face", 0.5)), balance=0.0)
    sampler = PoseSampler(load_folder(folder), config, 5, "cpu")
    weights = {s.name: w for s, w in zip(sampler.sets, sampler.weights, strict=True)}
    total = 2 + 0.5 + 1
    assert weights["robot/arm"] == pytest.approx(2 / total)
    assert weights["face/mask"] == pytest.approx(0.5 / total)
    # No balance within a group: as many frames do not make a set more frequent.
    assert (
        weights["human/walk"] == pytest.approx(weights["human/run"]) == pytest.approx(0.5 / total)
    )
    flat = SamplerConfig(rigs=1, per_rig=1, rig=AS_IS, balance=0.0, groups=config.groups)
    batches = drawn(PoseSampler(load_folder(folder), flat, 6, "cpu"), 400)
    anchors = [batch.valid.shape[1] for batch in batches]
    assert anchors.count(7) / 400 == pytest.approx(2 / total, abs=0.08)
    assert anchors.count(40) / 400 == pytest.approx(0.5 / total, abs=0.06)


def test_balance_of_one_draws_every_frame_alike(folder):
    sampler = PoseSampler(load_folder(folder), SamplerConfig(balance=1.0), 0, "cpu")
    frames = np.array([len(s) for s in sampler.sets])
    np.testing.assert_allclose(sampler.weights, frames / frames.sum())


@pytest.mark.parametrize(("up", "mirror"), [((0, 0, 1), 0), ((0, 0, 0), 0), ((1, 0, 0), 1)])
def test_stretching_keeps_a_rig_in_its_axes_and_mirrors_half(folder, up, mirror):
    config = SamplerConfig(rigs=1, per_rig=400, rig=AS_IS, limbs=LimbConfig(bones=0.0), stretch=0.1)
    arm = replace(load_folder(folder)["robot/arm"], up=np.array(up, np.float32))
    sets = {"robot/arm": arm}
    batch = PoseSampler(sets, config, 7, "cpu").batch()
    source = sets["robot/arm"].xyz
    mirrored = 0
    for pose in batch.xyz.numpy():
        ratio = pose[None] / source
        own = np.ptp(ratio, axis=1).max(-1).argmin()
        assert np.ptp(ratio[own], axis=0).max() < 1e-4, "one factor for each axis"
        assert (np.delete(ratio[own, 0], mirror) > 0).all(), "only one axis, and gravity stays"
        mirrored += ratio[own, 0, mirror] < 0
    assert 0.4 < mirrored / 400 < 0.6
