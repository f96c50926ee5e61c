"""The comparison itself: it goes on where it stopped, and its table says what was measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Skeleton
from lfm_ros.core.errors import InputError
from training.compare import CompareConfig, compare, lines
from training.data.poses import load_folder
from training.model import PRESETS, ModelConfig
from training.peers import bench
from training.peers.ablations import ABLATIONS
from training.peers.entries import KINDS
from training.peers.measure import look
from training.peers.ours import Ours, Variation
from training.peers.peer import Entry, Task

NANO = ModelConfig(width=32, layers=2, heads=2, walk_steps=4)


@pytest.fixture(autouse=True)
def nano(monkeypatch):
    monkeypatch.setitem(PRESETS, "nano", NANO)
    ours = Entry(lambda task: Ours(task, Variation(preset="nano", sampler={"per_rig": 4})))
    names = ("no depth", "mean shape + PnP")
    monkeypatch.setitem(
        KINDS, "peers", {**{name: KINDS["peers"][name] for name in names}, "nano": ours}
    )


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write_poses(folder / "human/walk.npz", bush(9), sequences=8, frames=6)
    write_poses(folder / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    return folder


@pytest.fixture
def config(data, tmp_path):
    return CompareConfig(data, tmp_path / "out/result.json", sets="all", budget=64, seeds=1)


def test_a_comparison_goes_on_behind_what_is_done(config):
    records = compare(config)
    assert [r["entry"] for r in records] == ["no depth", "mean shape + PnP", "nano"]
    path = config.output.with_suffix(".jsonl")
    whole = path.read_text()
    assert compare(config) == records
    assert path.read_text() == whole, "nothing runs twice"
    first, _, third = whole.splitlines()
    path.write_text(f"{first}\n{third}\n")
    again = compare(config)
    assert [r["entry"] for r in again] == ["no depth", "nano", "mean shape + PnP"]
    assert again[2]["validation"] == records[1]["validation"], "the same views every time"


def test_a_record_holds_errors_of_both_parts_and_the_cost(config):
    flat, _, nano = compare(config)
    assert set(flat["validation"]) == set(flat["train"]) == {"human/walk", "robot/arm"}
    assert set(flat["validation"]["robot/arm"]) == {"procrustes", "camera", "reflected", "rotation"}
    assert nano["samples"] == 64
    assert nano["core_seconds"] > 0
    assert nano["mflop"] > 0.1
    result = json.loads(config.output.read_text())
    rows = [nano["validation"][name]["procrustes"] for name in ("human/walk", "robot/arm")]
    assert result[2]["averages"]["overall"]["procrustes"] == pytest.approx(np.mean(rows))


def test_the_table_marks_the_privileged(config):
    compare(config)
    table = config.output.with_suffix(".md").read_text()
    assert "| mean shape + PnP † | category, order |" in table
    assert "| nano | nothing more |" in table
    assert table.count("\n|") == 5


def test_a_curve_is_several_trainings(config):
    config = CompareConfig(config.data, config.output, what="curve", sets="all", budget=800)
    budgets = [(line.budget, line.seed) for line in lines(config, ["a"])]
    assert budgets == [(b, s) for s in (0, 1) for b in (100, 200, 400, 800)]


def test_only_the_named_sets_are_linked_with_their_clips(data, tmp_path):
    write_poses(data / "human/walk_clips.npz", bush(9), sequences=2, frames=3)
    entries = [
        {"file": "human/walk.npz", "use": "train"},
        {"file": "human/walk_clips.npz", "use": "train", "same_motion_as": "walk.npz"},
        {"file": "robot/arm.npz", "use": "eval"},
    ]
    (data / "index.json").write_text(json.dumps({"sets": entries}))
    (tmp_path / "a").mkdir()
    sets = load_folder(bench.only_sets(data, ("human/walk",), tmp_path / "a"), "train")
    assert {name: len(poses) for name, poses in sets.items()} == {"human/walk": 54}
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="robot/arm"):
        bench.only_sets(data, ("robot/arm",), tmp_path / "b")


@pytest.mark.parametrize(
    ("change", "says"),
    [({"only": ("MLP",)}, "not among peers"), ({"output": "result.md"}, "suffix .json")],
)
def test_bad_arguments_say_what_to_do(change, says, config, tmp_path):
    settings = {**vars(config), **change}
    settings["output"] = tmp_path / settings["output"]
    with pytest.raises(InputError, match=says):
        compare(CompareConfig(**settings))


def test_our_network_goes_on_where_it_was_stopped(data, tmp_path):
    task = Task(load_folder(data), data, tmp_path / "run", samples=96, seed=0)
    variation = Variation(preset="nano", sampler={"rigs": 2, "per_rig": 16})
    first = Ours(task, variation)
    first.step()
    first.trainer.save()
    second = Ours(task, variation)
    assert (second.samples, second.left) == (32, 64)


@pytest.mark.parametrize("left_out", ["edges", "sides"])
def test_what_a_variation_is_not_told_does_not_reach_it(left_out, tmp_path):
    skeleton = Skeleton(["head", "left_hand", "right_hand", "tail", "left_foot", "right_foot"])
    joined = Skeleton(skeleton.names, [(0, 1), (0, 2), (0, 3), (3, 4), (3, 5)])
    nameless = Skeleton([f"point_{i}" for i in range(6)], joined.edges)
    write_poses(tmp_path / "human/a.npz", joined, sequences=4, frames=6)
    poses = load_folder(tmp_path)["human/a"]
    without = replace(poses, skeleton={"edges": skeleton, "sides": nameless}[left_out])
    views = look(poses, frames=3)
    task = Task({poses.name: poses}, tmp_path, tmp_path / "run", samples=96, seed=0)
    told, untold = (Ours(task, Variation(preset="nano", **k)) for k in ({}, {left_out: False}))
    assert not torch.equal(told.predict(views, poses), told.predict(views, without))
    assert torch.equal(untold.predict(views, poses), untold.predict(views, without))


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_can_be_trained_and_judged(name, data, tmp_path, monkeypatch):
    for preset in ("base", "paper"):
        monkeypatch.setitem(PRESETS, preset, NANO)
    sets = load_folder(data)
    peer = Ours(Task(sets, data, tmp_path / "run", 400, 0), ABLATIONS[name])
    peer.step()
    poses = sets["robot/arm"]
    points = peer.predict(look(poses, frames=3), poses)
    assert points.shape == (3, 8, 3)
    assert bool(points.isfinite().all())
