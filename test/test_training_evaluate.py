"""The evaluation as a command, and what it shows the lifter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros.core.alignment import procrustes
from lfm_ros.core.errors import InputError
from training.cameras import ViewConfig
from training.evaluate import QUESTIONS, EvaluateConfig, evaluate
from training.evaluation.averages import headline, summarise
from training.evaluation.conditions import CAMERA, CONDITIONS, SWEEPS, Condition
from training.evaluation.figures import of_hidden
from training.evaluation.sets import divided
from training.evaluation.shots import Shots, shoot
from training.evaluation.table import table
from training.model import Lifting, ModelConfig
from training.validate import validate

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    write_poses(data / "human/walk.npz", bush(14), sequences=28, frames=3)
    write_poses(data / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    write_poses(data / "object/knife.npz", chain(6), sequences=28, frames=2, seed=5)
    write_poses(data / "object/thing.npz", chain(8), sequences=1, frames=6, seed=2)
    write_poses(data / "object/other.npz", chain(8), sequences=2, frames=6, seed=3)
    return data


def test_one_command_answers_every_question(folder, tmp_path):
    """As a user does, with the network that ships."""
    output = tmp_path / "deep" / "figures.json"
    command = [sys.executable, "-m", "training.evaluate", "--data", str(folder)]
    command += ["--output", str(output), "--frames", "6", "--fewer", "3", "--workers", "2"]
    command += ["--conditions", "upright", "no_edges"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    about = {"config", "model", "seconds", "catalogue", "left_out"}
    assert set(result) == {*about, "seen", *QUESTIONS}
    upright = result["seen"]["upright"]
    assert set(upright["sets"]) == set(result["catalogue"])
    assert set(upright["groups"]) == {"human"}, "the others are listed"
    assert upright["overall"] == upright["sets"]["human/walk"]
    assert set(upright["all_sets"]["groups"]) == {"human", "object", "robot"}
    assert 5 < upright["overall"]["flat_procrustes"] < 60
    assert {s: list(levels) for s, levels in result["sweeps"].items()} == {
        name: list(levels) for name, levels in SWEEPS.items()
    }
    assert result["catalogue"]["human/walk"]["training_frames"] == 3 * 24
    assert len(result["uncertainty"]["seen"]["bins"]["error"]) == 10
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("seen")]
    assert rows[0][:3] == ["seen", "upright", "overall"]
    assert float(rows[0][3]) == pytest.approx(upright["overall"]["procrustes"], abs=0.01)


def test_the_same_seed_gives_the_same_file(folder):
    config = EvaluateConfig(
        folder, frames=3, fewer=2, conditions=("hidden_40",), questions=("rigs",), workers=1
    )
    threads = EvaluateConfig(**{**config.__dict__, "workers": 3})
    first, again = evaluate(config), evaluate(threads)
    assert first["seen"] == again["seen"]
    assert first["rigs"] == again["rigs"]
    other = evaluate(EvaluateConfig(**{**config.__dict__, "seed": 1}))
    assert other["seen"] != first["seen"]


def test_an_index_says_what_was_never_trained_on(folder, tmp_path):
    for path in folder.rglob("*.npz"):
        copy = tmp_path / path.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    uses = {"human/walk.npz": "train", "object/thing.npz": "eval", "robot/arm.npz": "eval"}
    sets = [{"file": file, "use": use} for file, use in uses.items()]
    (tmp_path / "index.json").write_text(json.dumps({"sets": sets}))
    division = divided(tmp_path)
    assert {part: set(s) for part, s in division.parts.items()} == {
        "seen": {"human/walk"},
        "unseen": {"object/thing", "robot/arm"},
    }
    assert len(division.parts["seen"]["human/walk"]) == 12, "four sequences of 28 are held out"
    assert len(division.parts["unseen"]["robot/arm"]) == 24
    assert division.listed == {"object/thing"}
    assert division.random == {"robot/arm"}


def test_listed_sets_say_why(folder):
    catalogue = divided(folder).catalogue()
    assert {name: entry["listed"] for name, entry in catalogue.items()} == {
        "human/walk": "",
        "robot/arm": "fewer than 4 sequences",
        "object/knife": "planar or one degree of freedom",
    }


def test_a_folder_with_nothing_to_evaluate_is_named(tmp_path):
    write_poses(tmp_path / "object/thing.npz", chain(8), sequences=1, frames=6)
    with pytest.raises(InputError, match=r"nothing to evaluate.*4 sequences.*docs/data\.md"):
        evaluate(EvaluateConfig(tmp_path))
    with pytest.raises(InputError, match="nowhere is not a folder"):
        evaluate(EvaluateConfig(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", CONDITIONS)
def test_shots_are_repeatable_and_show_the_truth(folder, name):
    poses = divided(folder).parts["seen"]["human/walk"]
    condition = CONDITIONS[name]
    first, again, other = (shoot(poses, condition, 12, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.confidence, again.confidence)
    assert np.abs(first.pixels - other.pixels).max() > 1
    assert (first.truth[..., 2] > 0).all()
    off = np.linalg.norm(CAMERA.project(first.truth) - first.pixels, axis=-1)
    assert (off.max() > 1) == (condition.noise > 0)
    rows = np.resize(np.arange(len(poses)), len(first.truth))
    turn = procrustes(poses.xyz[rows].astype(float), first.truth).rotation
    upright = np.einsum("bij,j->bi", turn, poses.up)
    fallen = np.linalg.norm(upright - first.up, axis=-1) > 1e-3
    assert fallen.all() if name == "any_orientation" else not fallen.any()


@pytest.fixture(scope="module")
def walk(folder):
    return divided(folder).parts["seen"]["human/walk"]


@pytest.mark.parametrize(("level", "share"), [("1", 0.01), ("3", 0.03), ("5", 0.05)])
def test_noise_is_that_share_of_the_radius_in_each_direction(walk, level, share):
    shots = shoot(walk, SWEEPS["noise"][level], 12, 0)
    clean = CAMERA.project(shots.truth)
    extent = np.linalg.norm(clean - clean.mean(1, keepdims=True), axis=-1).max(-1)
    relative = (shots.pixels - clean) / extent[:, None, None]
    assert relative.std() == pytest.approx(share, rel=0.05)
    assert abs(relative.mean()) < 0.1 * share


@pytest.mark.parametrize("level", SWEEPS["distance"])
def test_far_away_the_image_is_orthographic(walk, level):
    distance = float(level)
    shots = shoot(walk, SWEEPS["distance"][level], 12, 0)
    np.testing.assert_allclose(shots.truth.mean(1)[:, 2], distance, rtol=1e-6)
    depth = shots.truth[..., 2]
    # What perspective does to a point of radius 1: its share of the distance, and no more.
    stretch = np.abs(distance / depth - 1).max()
    assert 0.3 / distance < stretch < 1.01 / (distance - 1)


@pytest.mark.parametrize("level", ["20", "40", "60", "80"])
def test_that_share_of_the_keypoints_is_hidden(walk, level):
    shots = shoot(walk, SWEEPS["occlusion"][level], 12, 0)
    expected = min(int(len(walk.skeleton) * int(level) / 100), len(walk.skeleton) - 4)
    assert (shots.hidden.sum(-1) == expected).all()
    assert len(np.unique(shots.hidden, axis=0)) > 5, "not the same ones each time"


def test_a_contiguous_occluder_covers_the_nearest_to_a_keypoint(walk):
    shots = shoot(walk, SWEEPS["occluder"]["contiguous_60"], 12, 0)
    for pixels, hidden in zip(shots.pixels, shots.hidden, strict=True):
        away = np.linalg.norm(pixels[:, None] - pixels, axis=-1)
        nearest = [row[hidden].max() < row[~hidden].min() for row in away]
        assert any(nearest)


def test_half_of_a_body_is_behind_a_straight_edge(walk):
    shots = shoot(walk, SWEEPS["occluder"]["half_body"], 12, 0)
    angles = np.linspace(0, 2 * np.pi, 720)
    along = np.einsum("bki,ni->nbk", shots.pixels, np.stack([np.cos(angles), np.sin(angles)], -1))
    far = np.where(shots.hidden, along, -np.inf).max(-1)
    near = np.where(shots.hidden, np.inf, along).min(-1)
    assert (far < near).any(0).all()
    assert (shots.hidden.sum(-1) == 7).all()


def test_the_error_of_hidden_points_is_of_them_alone(walk):
    """Against a plain loop, aligned by scipy."""
    shots = shoot(walk, Condition(hidden=0.4), 12, 0)
    random = np.random.default_rng(0)
    valid = random.random(shots.valid.shape) < 0.8
    shots = Shots(**{**shots.__dict__, "valid": valid, "confidence": shots.confidence * valid})
    points = 3 * shots.truth[..., [1, 2, 0]] + 0.4 * random.standard_normal(shots.truth.shape)
    expected = []
    for truth, guess, ok, hidden in zip(shots.truth, points, valid, shots.hidden, strict=True):
        target, source = truth - truth[ok].mean(0), guess - guess[ok].mean(0)
        turned = Rotation.align_vectors(target[ok], source[ok])[0].apply(source)
        scale = (turned[ok] * target[ok]).sum() / (turned[ok] ** 2).sum()
        distance = np.linalg.norm(scale * turned - target, axis=-1)
        if hidden.any():
            radius = np.linalg.norm(target[ok], axis=-1).max()
            expected.append(100 * distance[hidden].mean() / radius)
    assert of_hidden(points, shots)["hidden"] == pytest.approx(np.mean(expected), abs=1e-4)
    everything = Shots(**{**shots.__dict__, "confidence": valid.astype(float)})
    assert of_hidden(points, everything) == {}


def test_averages_are_over_sets_then_groups():
    rows = {"a/x": {"e": 1.0}, "a/y": {"e": 3.0}, "b/z": {"e": 10.0}}
    found = summarise(rows)
    assert found["groups"] == {"a": {"e": 2.0}, "b": {"e": 10.0}}
    assert found["overall"] == {"e": 6.0}
    assert found["all_sets"] == {"overall": found["overall"], "groups": found["groups"]}


def test_averages_leave_out_what_is_listed_and_what_stands_apart():
    rows = {"a/x": {"e": 1.0}, "a/y": {"e": 3.0}, "b/z": {"e": 10.0}, "c/w": {"e": 100.0}}
    found = summarise(rows, listed={"a/y", "c/w"}, apart={"b/z"})
    assert found["overall"] == {"e": 5.5}
    assert set(found["groups"]) == {"a", "b"}
    assert found["overall_without_apart"] == {"e": 1.0}
    assert found["all_sets"]["overall"]["e"] == pytest.approx((2 + 10 + 100) / 3)
    assert found["sets"] == rows
    nothing_left = summarise(rows, listed=set(rows))
    assert "overall" not in nothing_left
    assert headline(nothing_left) == nothing_left["all_sets"]["overall"]


def test_figures_that_some_sets_lack_are_averaged_over_the_others():
    found = summarise({"a/x": {"e": 1.0, "hidden": 4.0}, "a/y": {"e": 3.0}})
    assert found["overall"] == {"e": 2.0, "hidden": 4.0}


def test_the_table_shows_what_is_there():
    row = dict.fromkeys(("procrustes", "camera", "reflected", "rotation"), 10.0)
    row |= {"flat_procrustes": 20.0}
    averages = summarise({"human/x": row, "robot/y": row}, listed={"robot/y"})
    text = table({"seen": {"upright": averages}, "unseen": {"noise_2": averages}})
    assert [line.split()[:3] for line in text.splitlines()[1:]] == [
        ["seen", "upright", "overall"],
        ["seen", "upright", "all"],
        ["seen", "upright", "human"],
        ["unseen", "noise_2", "overall"],
        ["unseen", "noise_2", "all"],
    ]
    assert text.count("50.0%") == 5


def test_validation_curves_are_of_the_same_views_whatever_is_trained_on(walk):
    network = Lifting(ModelConfig(width=32, layers=1, heads=2, walk_steps=4)).eval()
    own = ViewConfig(distance=(9.0, 10.0), off_axis=0.9, tumbled=1.0, noise=0.1)
    first, again = (validate(network, {"human/walk": walk}, v) for v in (ViewConfig(), own))
    assert first == again
    assert first["validation/procrustes"] > 0
