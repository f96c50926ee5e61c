"""From a run to a model folder that the runtime reads, and from there to a table of errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from synthetic import bush, camera, chain, in_front, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Lifter
from lfm_ros.core.alignment import procrustes
from lfm_ros.core.errors import InputError, ModelError
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.models import INPUTS, MANIFEST, load_model
from training import checkpoint
from training.evaluate import (
    CAMERA,
    CONDITIONS,
    EvaluateConfig,
    divided,
    evaluate,
    shoot,
    summarise,
    table,
)
from training.export import TOLERANCE, ExportConfig, example, export
from training.model import Lifting, ModelConfig

ROOT = Path(__file__).resolve().parents[1]
NANO = ModelConfig(width=32, layers=1, heads=2, walk_steps=4)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Lifting(NANO).eval()


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    about = {"samples": 1234, "steps": 5, "train": {"data": "builtin"}}
    checkpoint.save_weights(folder / "run", network, network.state_dict(), about)
    config = ExportConfig(run=folder / "run", name="lfm_nano.v9", output=folder / "lfm_nano")
    manifest = export(config)
    return config.output, manifest


def test_the_folder_is_one_that_the_runtime_reads(exported, network):
    folder, manifest = exported
    model = load_model(str(folder))
    assert model.manifest == json.loads(json.dumps(manifest))
    assert model.name == "lfm_nano.v9"
    assert manifest["samples"] == 1234
    assert manifest["parameters"] == sum(p.numel() for p in network.parameters())
    assert manifest["architecture"] == NANO.as_dict()
    assert set(manifest["difference_to_torch"]) == set(TOLERANCE)
    assert {p.name for p in folder.iterdir()} == {
        MANIFEST,
        *(entry["name"] for entry in manifest["files"].values()),
    }


SHAPES = [(1, 4, 1), (1, 17, 1), (2, 2, 2), (7, 30, 3), (3, 133, 2), (50, 12, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_any_shape_comes_out_as_from_torch(exported, network, shape):
    inputs = example(*shape, seed=11)
    expected = network(*(inputs[n] for n in INPUTS))
    engine = OnnxRuntimeEngine(load_model(str(exported[0])))
    found = engine.infer({n: v.numpy() for n, v in inputs.items()})
    for name, value in zip(("canonical", "log_sigma", "uvd"), expected, strict=True):
        np.testing.assert_allclose(found[name], value, atol=2e-5, err_msg=name)


@torch.no_grad()
def test_rows_without_any_keypoint_come_out_as_numbers(exported, network):
    inputs = example(4, 9, 2, seed=12)
    inputs["confidence"][:] = 0
    expected = network(*(inputs[n] for n in INPUTS))
    for role, tolerance in (("fp32", 2e-5), ("fp16", 2e-2)):
        path = str(load_model(str(exported[0])).path(role))
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        found = session.run(None, {n: v.numpy() for n, v in inputs.items()})
        for ours, theirs in zip(found, expected, strict=True):
            assert np.isfinite(ours).all()
            np.testing.assert_allclose(ours, theirs, atol=tolerance)


def test_a_lifter_runs_it(exported):
    with Lifter.from_pretrained(str(exported[0])) as lifter:
        pixels = camera().project(in_front(3, 9, 0))
        out = lifter.lift(pixels, None, camera(), chain(9, nominal_size=2.0))
        assert out.valid.all()
        assert np.isfinite(out.points).all()
        back = camera().project(out.points.astype(float))
        assert np.abs(back - pixels).max() < 0.05


def test_a_file_that_differs_from_torch_is_refused(exported, tmp_path, monkeypatch):
    """Another network's weights are exported; what is written is the file of the first one."""
    torch.manual_seed(1)
    other = Lifting(NANO).eval()
    checkpoint.save_weights(tmp_path / "run", other, other.state_dict(), {"samples": 1})
    file = exported[0] / "fp32.onnx"
    monkeypatch.setattr("training.export.write_onnx", lambda _, path: shutil.copy(file, path))
    config = ExportConfig(run=tmp_path / "run", output=tmp_path / "model")
    with pytest.raises(ModelError, match=r"fp32 differs.*do not ship"):
        export(config)
    assert {p.name for p in tmp_path.iterdir()} == {"run"}


def test_no_run_no_export(tmp_path):
    with pytest.raises(ModelError, match="nowhere holds no usable run"):
        export(ExportConfig(run=tmp_path / "nowhere", output=tmp_path / "model"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    write_poses(data / "human/walk.npz", bush(9), sequences=8, frames=6)
    write_poses(data / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    write_poses(data / "object/thing.npz", chain(8), sequences=1, frames=6, seed=2)
    write_poses(data / "object/other.npz", chain(8), sequences=2, frames=6, seed=3)
    return data


def test_evaluates_a_small_folder(folder, exported, tmp_path):
    """As a user does, with the network that was just exported."""
    output = tmp_path / "deep" / "figures.json"
    command = [sys.executable, "-m", "training.evaluate", "--data", str(folder)]
    command += ["--output", str(output), "--frames", "6", "--model", str(exported[0])]
    command += ["--conditions", "upright", "no_edges", "hidden_40"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    assert set(result) >= {"config", "model", "seen"}
    assert "other_rig" not in result
    assert result["model"]["name"] == "lfm_nano.v9"
    upright = result["seen"]["upright"]
    assert set(upright["sets"]) == {"human/walk", "robot/arm"}
    assert set(upright["groups"]) == {"human", "robot"}
    means = [np.mean([g[k] for g in upright["groups"].values()]) for k in ("procrustes", "camera")]
    assert [upright["overall"][k] for k in ("procrustes", "camera")] == pytest.approx(means)
    assert 0 < upright["overall"]["procrustes"] < 100
    assert 5 < upright["overall"]["flat_procrustes"] < 60
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["part", "condition", "group", "procrustes"]
    rows = [line.split() for line in lines[1:] if line.startswith("seen")]
    assert [row[1:3] for row in rows] == [
        ["upright", "overall"],
        ["upright", "human"],
        ["upright", "robot"],
        ["no_edges", "overall"],
        ["hidden_40", "overall"],
    ]
    assert float(rows[0][3]) == pytest.approx(upright["overall"]["procrustes"], abs=0.01)


def test_an_index_says_what_was_never_trained_on(folder, tmp_path):
    for path in folder.rglob("*.npz"):
        copy = tmp_path / path.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    uses = {"human/walk.npz": "train", "object/thing.npz": "eval", "robot/arm.npz": "eval"}
    sets = [{"file": file, "use": use} for file, use in uses.items()]
    (tmp_path / "index.json").write_text(json.dumps({"sets": sets}))
    parts = divided(tmp_path)
    assert {part: set(s) for part, s in parts.items()} == {
        "seen": {"human/walk"},
        "unseen": {"object/thing", "robot/arm"},
    }
    assert len(parts["seen"]["human/walk"]) == 6, "one sequence of eight is held out"
    assert len(parts["unseen"]["robot/arm"]) == 24


def test_a_folder_with_nothing_to_evaluate_is_named(tmp_path):
    write_poses(tmp_path / "object/thing.npz", chain(8), sequences=1, frames=6)
    with pytest.raises(InputError, match=r"nothing to evaluate.*4 sequences.*docs/data\.md"):
        evaluate(EvaluateConfig(tmp_path))
    with pytest.raises(InputError, match="nowhere is not a folder"):
        evaluate(EvaluateConfig(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", CONDITIONS)
def test_shots_are_repeatable_and_show_the_truth(folder, name):
    poses = divided(folder)["seen"]["human/walk"]
    condition = CONDITIONS[name]
    first, again, other = (shoot(poses, condition, 6, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.confidence, again.confidence)
    assert np.abs(first.pixels - other.pixels).max() > 1
    assert (first.truth[..., 2] > 0).all()
    off = np.linalg.norm(CAMERA.project(first.truth) - first.pixels, axis=-1)
    assert (off.max() > 1) == (condition.noise > 0)
    hidden = (first.confidence == 0).mean()
    assert hidden == pytest.approx(condition.hidden, abs=0.1)
    rows = np.resize(np.arange(len(poses)), len(first.truth))
    turn = procrustes(poses.xyz[rows].astype(float), first.truth).rotation
    upright = np.einsum("bij,j->bi", turn, poses.up)
    fallen = np.linalg.norm(upright - first.up, axis=-1) > 1e-3
    assert fallen.all() if name == "any_orientation" else not fallen.any()


def test_averages_are_over_sets_then_groups():
    rows = {"a/x": {"e": 1.0}, "a/y": {"e": 3.0}, "b/z": {"e": 10.0}}
    found = summarise(rows)
    assert found["groups"] == {"a": {"e": 2.0}, "b": {"e": 10.0}}
    assert found["overall"] == {"e": 6.0}


def test_the_table_shows_what_is_there():
    row = dict.fromkeys(("procrustes", "camera", "reflected", "rotation"), 10.0)
    row |= {"flat_procrustes": 20.0}
    averages = {"overall": row, "groups": {"human": row}}
    text = table({"seen": {"upright": averages}, "unseen": {"noise_2": averages}})
    assert [line.split()[:3] for line in text.splitlines()[1:]] == [
        ["seen", "upright", "overall"],
        ["seen", "upright", "human"],
        ["unseen", "noise_2", "overall"],
    ]
    assert text.count("50.0%") == 3
