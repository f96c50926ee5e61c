"""From a run to an engine in one command."""

from __future__ import annotations

import json

import pytest
import tensorrt_rtx  # noqa: F401  (where it is missing, this file is left out)
import torch

from lfm_ros.core.errors import InputError
from lfm_ros.models import load_model, sha256
from training import checkpoint
from training.build_engine import BuildConfig, run
from training.model import Lifting, ModelConfig


@pytest.fixture
def config(tmp_path):
    torch.manual_seed(0)
    network = Lifting(ModelConfig(width=32, layers=1, heads=2, walk_steps=4)).eval()
    checkpoint.save_weights(tmp_path / "run", network, network.state_dict(), {"samples": 1})
    return BuildConfig(
        run=tmp_path / "run",
        name="lfm_nano.v9",
        output=tmp_path / "lfm_nano",
        module="tensorrt_rtx",
        compute_capability=("8.9",),
        engine=tmp_path / "an.plan",
    )


@pytest.mark.slow
def test_a_run_is_exported_and_its_engine_built(config, capsys):
    assert run(config) == [config.engine]
    model = load_model(str(config.output))
    about = json.loads(config.engine.with_suffix(".json").read_text())
    assert about["identity"]["onnx_sha256"] == sha256(model.path("fp16"))
    assert model.manifest["fp16_changes_error_by"].keys() == {"procrustes", "camera"}
    assert all(sum("mha" in name for name in names) == 1 for names in about["kernels"])
    assert "1 of them attention" in capsys.readouterr().out


def test_a_capability_of_another_form_is_refused_before_anything_is_done(config, tmp_path):
    wrong = BuildConfig(**{**vars(config), "compute_capability": ("sm89",)})
    with pytest.raises(InputError, match=r"'sm89' is not of the form 8\.9"):
        run(wrong)
    assert not config.output.exists()
