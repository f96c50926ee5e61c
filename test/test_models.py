"""The model that ships is whole, and a damaged one is never run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from lfm_ros import Lifter
from lfm_ros.core.errors import EngineError, ModelError
from lfm_ros.core.normalize import CAMERA_FEATURES
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.models import DEFAULT, INPUTS, MANIFEST, available, load_model, sha256
from lfm_ros.resources import config_dir


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def copy(tmp_path) -> Path:
    return Path(shutil.copytree(config_dir() / "models" / DEFAULT, tmp_path / "copy"))


def edit(folder: Path, **changes: object) -> None:
    manifest = yaml.safe_load((folder / MANIFEST).read_text())
    manifest.update(changes)
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest))


def golden(model) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    with np.load(model.path("golden")) as arrays:
        inputs = {n.removeprefix("input_"): arrays[n] for n in arrays if n.startswith("input_")}
        outputs = {n.removeprefix("output_"): arrays[n] for n in arrays if n.startswith("output_")}
    return inputs, outputs


def test_the_default_model_ships(model):
    assert DEFAULT in available()
    assert model.folder.name == DEFAULT
    assert model.name.startswith(f"{DEFAULT}.")
    assert Path(load_model(str(model.folder)).folder) == model.folder


def test_the_golden_batch_comes_out_as_it_did(model):
    inputs, expected = golden(model)
    assert set(inputs) == set(INPUTS)
    assert tuple(expected) == model.outputs
    engine = OnnxRuntimeEngine(model)
    found = engine.infer(inputs)
    engine.close()
    assert tuple(found) == model.outputs
    for name, value in expected.items():
        assert value.any(), f"{name} is all zeros: that batch would prove nothing"
        np.testing.assert_allclose(found[name], value, atol=1e-4, err_msg=name)


def test_the_golden_batch_has_rigs_missing_keypoints_and_an_empty_row(model):
    inputs, _ = golden(model)
    confidence = inputs["confidence"]
    assert len(inputs["adjacency"]) > 1
    assert ((confidence == 0).any(-1) & (confidence > 0).any(-1)).any()
    assert (confidence == 0).all(-1).any()
    assert inputs["camera"].shape[1] == len(CAMERA_FEATURES)


def test_half_precision_stays_near(model):
    ort = pytest.importorskip("onnxruntime")
    inputs, expected = golden(model)
    session = ort.InferenceSession(str(model.path("fp16")), providers=["CPUExecutionProvider"])
    found = session.run(None, {i.name: inputs[i.name] for i in session.get_inputs()})
    for name, value in zip(model.outputs, found, strict=True):
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected[name], atol=2e-2, err_msg=name)


@pytest.mark.parametrize("name", available())
def test_the_manifest_is_of_these_files(name):
    shipped = load_model(name)
    entries = shipped.manifest["files"]
    hashes = [entry["sha256"] for entry in entries.values()]
    assert len(set(hashes)) == len(hashes), "two files are the same"
    assert {"fp32", "golden"} <= set(entries)
    for role, entry in entries.items():
        assert sha256(shipped.path(role)) == entry["sha256"]
        assert shipped.path(role).stat().st_size == entry["size"]
        assert b'File "' not in shipped.path(role).read_bytes(), "says where it was made"
    manifest = shipped.manifest
    assert set(manifest["inputs"]) == set(INPUTS)
    assert {"canonical", "log_sigma"} <= set(shipped.outputs)
    assert manifest["samples"] > 0
    assert manifest["parameters"] > 10_000
    assert all(entry["size"] > 1000 for entry in entries.values())


def test_an_unknown_model_is_answered_with_the_known_ones():
    with pytest.raises(ModelError, match=f"'lfm_huge'.*{DEFAULT}"):
        load_model("lfm_huge")


@pytest.mark.parametrize("role", ["fp32", "fp16", "golden"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "longer", "flipped"])
def test_a_damaged_file_is_named_and_not_run(copy, role, damage):
    path = load_model(str(copy)).path(role)
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "longer":
        path.write_bytes(content + b"\0")
    else:
        content[len(content) // 3] ^= 1
        path.write_bytes(content)
    says = {"missing": "is missing", "flipped": "SHA-256"}.get(damage, "bytes, the manifest says")
    with pytest.raises(ModelError, match=rf"{path.name} .*{says}|{path.name} {says}"):
        Lifter.from_pretrained(str(copy))


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2", b"- a", b"word", b"\xff\xfe\x00\x9f", b"name: x", b"5"]
)
def test_a_damaged_manifest_is_named(copy, content):
    (copy / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{MANIFEST}"):
        load_model(str(copy))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"files": []},
        {"files": {"fp32": "fp32.onnx"}},
        {"files": {"fp32": {"name": "fp32.onnx"}}},
        {"files": None},
    ],
    ids=str,
)
def test_a_manifest_of_another_form_is_refused(copy, changes):
    edit(copy, **changes)
    with pytest.raises(ModelError, match=rf"{MANIFEST}.*export the model again"):
        load_model(str(copy))


def test_a_file_that_the_model_does_not_have_is_answered(model):
    with pytest.raises(ModelError, match=r"no int8 file.*fp32"):
        model.path("int8")


def test_a_file_that_is_no_network_is_an_engine_error(copy):
    (copy / "fp32.onnx").write_bytes(b"not a network")
    entries = yaml.safe_load((copy / MANIFEST).read_text())["files"]
    path = copy / "fp32.onnx"
    entries["fp32"] |= {"size": path.stat().st_size, "sha256": sha256(path)}
    edit(copy, files=entries)
    with pytest.raises(EngineError, match=r"cannot load .*fp32\.onnx"):
        Lifter.from_pretrained(str(copy), "onnxruntime")
    with pytest.raises(EngineError, match=r"no backend can run.*onnxruntime: "):
        Lifter.from_pretrained(str(copy))
