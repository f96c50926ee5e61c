"""The measurement of what smoothing is worth, on a walk of the built-in scene."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: the extra train")

from lfm_ros.core.errors import InputError
from lfm_ros.core.filters import FILTERS
from lfm_ros.core.rotations import angle_between, matrix_from_rotvec
from lfm_ros.scene import sample_rig
from lfm_ros.scene.person import PERSON
from training.evaluation import smoothing, turning
from training.evaluation.clip_report import medians, tell
from training.evaluation.clips import clips, turning_clips
from training.evaluation.conditions import CAMERA
from training.evaluation.smoothing import SmoothingConfig, lag, measure, table

RATE = 30.0


@pytest.fixture
def folder(tmp_path):
    """Three seconds of a walk, z up, as a set of clips."""
    seconds = np.arange(90) / RATE
    xyz = PERSON.keypoints(PERSON.motion(seconds))
    xyz[..., 0] += 0.4 * seconds[:, None]
    (tmp_path / "human").mkdir()
    np.savez(
        tmp_path / "human" / "walk_clips.npz",
        xyz=xyz.astype(np.float32),
        names=np.array(PERSON.skeleton.names),
        edges=np.array(PERSON.skeleton.edges),
        sequence=np.full(90, 7),
        fps=RATE,
        up="+z",
    )
    return tmp_path


def test_a_clip_stands_upright_before_the_camera_and_moves_as_it_did(folder):
    (clip,) = clips(folder, 3, None, 0)
    assert (clip.name, clip.group, clip.rate) == ("human/walk_clips/7", "human", RATE)
    assert clip.truth[..., 2].min() > 0.4
    np.testing.assert_allclose(np.linalg.norm(clip.up), 1)
    tall = np.einsum("tki,i->tk", clip.truth, clip.up)
    names = list(clip.skeleton.names)
    assert (tall[:, names.index("crown")] > tall[:, names.index("left_hip")]).all()
    walked = np.linalg.norm(clip.truth[-1].mean(0) - clip.truth[0].mean(0))
    np.testing.assert_allclose(walked, 0.4 * 89 / RATE, rtol=0.1)
    np.testing.assert_allclose(clip.exact, CAMERA.project(clip.truth))
    assert 0 < np.abs(clip.pixels - clip.exact).mean() < 20
    assert clips(folder, 1, RATE / 3, 0)[0].truth.shape[0] == 30


def test_a_lag_is_found_to_a_part_of_a_frame():
    times = np.arange(200) / RATE

    def motion(late: float) -> np.ndarray:
        return np.stack([np.sin(2 * (times - late)), np.cos(3.1 * (times - late))], -1)[:, None]

    for late in (0.0, 0.011, 0.1, -0.02):
        np.testing.assert_allclose(lag(motion(late), motion(0.0), 1 / RATE), late, atol=1e-3)


def test_smoothing_is_worth_its_delay(folder):
    found = measure(SmoothingConfig(folder, model="lfm_tiny", dropped=0.1))
    rows = found["human/walk_clips/7"]
    assert rows["none"]["delay"] == rows["none"]["image_delay"] == 0
    for name in ("one_euro", "constant_velocity"):
        assert rows[name]["jitter"] < 0.5 * rows["none"]["jitter"]
        assert rows[name]["shape"] < 0.7 * rows["none"]["shape"]
        assert rows[name]["around"] < 1.05 * rows["none"]["around"]
        assert rows[name]["image_delay"] < 1000 / RATE
    printed = table(found).splitlines()
    assert len(printed) == 1 + len(FILTERS)
    assert all(line.startswith("human") for line in printed[1:])


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"has no .*_clips"):
        clips(tmp_path, 1, None, 0)


@pytest.mark.parametrize("module", [smoothing, turning], ids=["smoothing", "turning"])
def test_both_commands_refuse_a_folder_without_sets_in_a_sentence(tmp_path, monkeypatch, module):
    monkeypatch.setattr("sys.argv", [module.__name__, "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^error: .* has no "):
        module.main()


def test_clips_are_told_by_group_and_written_one_by_one(tmp_path, capsys):
    found = {
        f"{group}/{clip}": {"none": {"jitter": jitter}, "one_euro": {"jitter": jitter / 2}}
        for group, clip, jitter in (("b", 0, 1.0), ("a", 0, 8.0), ("b", 1, 2.0), ("b", 2, 9.0))
    }
    seen = {"none": {"jitter": 2.0}, "one_euro": {"jitter": 1.0}}
    assert list(medians(found)) == ["a", "b"]
    assert medians(found)["b"] == seen
    tell(found, lambda rows: f"{len(rows)} clips", tmp_path / "found.json")
    assert capsys.readouterr().out == "4 clips\n"
    assert json.loads((tmp_path / "found.json").read_text()) == found


@pytest.fixture
def chairs(tmp_path):
    """Two chairs of the scene as a set."""
    xyz, rig = sample_rig("scene_chair", 2, np.random.default_rng(0))
    (tmp_path / "object").mkdir()
    np.savez(
        tmp_path / "object" / "chair.npz",
        xyz=xyz.astype(np.float32),
        names=np.array(rig.names),
        edges=np.array(rig.edges),
        sequence=np.arange(2),
        up="+z",
    )
    return tmp_path


def test_an_object_turns_to_and_fro_without_changing_its_shape(chairs):
    (clip,) = turning_clips(chairs, ("object",), RATE, 0)
    across = clip.truth[:, 0] - clip.truth[:, 5]
    np.testing.assert_allclose(np.linalg.norm(across, axis=-1), np.linalg.norm(across[0]))
    flat = across - across @ clip.up[:, None] * clip.up
    turned = np.arccos((flat[30] * flat[90]).sum() / np.linalg.norm(flat[[30, 90]], axis=-1).prod())
    assert 100 < np.degrees(turned) < 140
    with pytest.raises(InputError, match="no set of robot"):
        turning_clips(chairs, ("robot",), RATE, 0)


def test_what_turns_as_the_truth_has_no_error_and_what_is_late_is_found_late():
    seconds = np.arange(90) / RATE
    truth, late = (
        matrix_from_rotvec(np.sin(2 * (seconds - delay))[:, None] * [0.0, 1.0, 0.0])
        for delay in (0.0, 0.02)
    )
    start = matrix_from_rotvec(np.array([0.4, -1.0, 0.2]))
    exact = turning.turn_figures(truth @ start, truth, RATE)
    assert max(exact["jitter"], exact["step"], exact["astray"]) < 1e-2
    np.testing.assert_allclose(turning.turn_figures(late @ start, truth, RATE)["lag"], 20, atol=2)
    trembling = truth @ matrix_from_rotvec(0.02 * np.random.default_rng(0).normal(size=(90, 3)))
    found = turning.turn_figures(trembling, truth, RATE)
    steps = np.degrees(
        angle_between(trembling[1:], trembling[:-1] @ np.swapaxes(truth[:-1], 1, 2) @ truth[1:])
    )
    np.testing.assert_allclose(found["step"], steps.mean(), rtol=0.1)


def test_an_orientation_follows_where_the_canonical_frame_does_not(chairs):
    found = turning.measure(turning.TurningConfig(chairs, model="lfm_tiny"))
    (rows,) = found.values()
    assert rows["one_euro"]["astray"] < 0.7 * rows["as lifted"]["astray"]
    for name in ("one_euro", "constant_velocity"):
        assert rows[name]["jitter"] < 0.8 * rows["none"]["jitter"]
        assert rows[name]["delay"] < 1000 / RATE
    assert len(turning.table(found).splitlines()) == 2 + len(FILTERS)
