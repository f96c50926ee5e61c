"""From a run to a model folder that the runtime reads, and from there to a table of errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from synthetic import camera, chain, in_front
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError, ModelError
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.models import INPUTS, MANIFEST, load_model
from training import checkpoint
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
    output = folder / "lfm_nano"
    config = ExportConfig(folder / "run", "lfm_nano.v9", output, license="MIT")
    manifest = export(config)
    return config.output, manifest


def test_the_folder_is_one_that_the_runtime_reads(exported, network):
    folder, manifest = exported
    model = load_model(str(folder))
    assert model.manifest == json.loads(json.dumps(manifest))
    assert model.name == "lfm_nano.v9"
    assert manifest["samples"] == 1234
    assert manifest["license"] == "MIT"
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
    monkeypatch.setattr("training.export.write_onnx", lambda _, path, *__: shutil.copy(file, path))
    config = ExportConfig(tmp_path / "run", "lfm_nano.v9", tmp_path / "model")
    with pytest.raises(ModelError, match=r"fp32 differs.*do not ship"):
        export(config)
    assert {p.name for p in tmp_path.iterdir()} == {"run"}


def test_no_run_no_export(tmp_path):
    with pytest.raises(ModelError, match="nowhere holds no usable run"):
        export(ExportConfig(tmp_path / "nowhere", "lfm_nano.v9", tmp_path / "model"))


def test_a_name_is_one_that_a_file_may_have(tmp_path):
    with pytest.raises(InputError, match=r"name is 'my robot/\.\.'; give letters"):
        ExportConfig(tmp_path, "my robot/..", tmp_path)
