"""Export a run to ONNX: ``python -m training.export --run runs/base --name lfm_base.v1``.

Writes the model folder that ``lfm_ros.models`` reads: fp32, a file with the blocks in fp16 between
fp32 ends, a golden batch, and the manifest. Both files are checked against torch before the
manifest is written, and refused if they differ.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import tyro
import yaml
from torch import Tensor, nn
from torch.export import Dim

from lfm_ros.core.errors import ModelError
from lfm_ros.core.normalize import CAMERA_FEATURES
from lfm_ros.models import INPUTS, MANIFEST, sha256
from training import checkpoint
from training.model import OUTPUTS, Lifting

OPSET = 18
TOLERANCE = {"fp32": 1e-5, "fp16": 5e-3}
# Shapes (instances, keypoints, rigs) that the exported files are compared at.
CHECKED = ((1, 17, 1), (2, 2, 1), (10, 33, 3), (3, 133, 2), (64, 17, 5), (2, 256, 1))


@dataclass(frozen=True)
class ExportConfig:
    """What to export, and where to."""

    run: Path
    """Folder that training.train wrote."""
    name: str = "lfm_base.v1"
    """Name in the manifest, lfm_<size>.<tag>."""
    output: Path = Path("config/models/lfm_base")
    """Model folder to write."""


class HalfBlocks(nn.Module):
    """The network with its blocks in fp16, cast back before the heads."""

    def __init__(self, model: Lifting) -> None:
        super().__init__()
        self.blocks = copy.deepcopy(model.blocks).half()

    def __iter__(self) -> Any:
        return iter((self._run,))

    def _run(self, x: Tensor, bias: Tensor) -> Tensor:
        half, bias = x.half(), bias.half()
        for block in self.blocks:
            half = block(half, bias)
        return half.float()


def half_precision(model: Lifting) -> Lifting:
    """A copy whose blocks compute in fp16; tokens, last norm and heads stay in fp32."""
    copied = copy.deepcopy(model)
    del copied.blocks
    copied.blocks = HalfBlocks(model)  # type: ignore[assignment]
    return copied


def example(instances: int, keypoints: int, rigs: int, seed: int = 0) -> dict[str, Tensor]:
    """Random inputs with missing keypoints, padding, and a row without any observed keypoint."""
    random = torch.Generator().manual_seed(seed)
    confidence = torch.rand(instances, keypoints, generator=random)
    confidence = torch.where(confidence < 0.2, 0.0, confidence)
    if instances > 1:
        confidence[-1] = 0
    joined = torch.rand(rigs, keypoints, keypoints, generator=random) < 2 / keypoints
    adjacency = torch.triu(joined.float(), 1)
    camera = torch.zeros(instances, len(CAMERA_FEATURES))
    camera[::2] = torch.tensor([1, 0.2, 1, 0, -0.95, 0.3])
    return {
        "keypoints": torch.rand(instances, keypoints, 2, generator=random) * 1.4 - 0.7,
        "confidence": confidence,
        "adjacency": adjacency + adjacency.transpose(1, 2),
        "skeleton_index": torch.arange(instances) % rigs,
        "camera": camera,
        "side": torch.randint(-1, 2, (instances, keypoints), generator=random).float(),
    }


def write_onnx(model: Lifting, path: Path) -> None:
    """Trace the network with free numbers of instances, keypoints and rigs."""
    instances, keypoints, rigs = Dim("instances"), Dim("keypoints", min=2), Dim("rigs")
    shapes = (
        {0: instances, 1: keypoints},
        {0: instances, 1: keypoints},
        {0: rigs, 1: keypoints, 2: keypoints},
        {0: instances},
        {0: instances},
        {0: instances, 1: keypoints},
    )
    names = OUTPUTS if model.config.depth else OUTPUTS[:2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tuple(example(3, 17, 2)[n] for n in INPUTS),
            str(path),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=list(names),
            dynamic_shapes=shapes,
            external_data=False,
            verbose=False,
        )
    _strip(path)


def _strip(path: Path) -> None:
    """Take out where in whose sources each node came from: it is half of the file's text."""
    file = onnx.load(path)
    graph = file.graph
    tensors = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (file, graph, *graph.node, *tensors, *file.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(file, path)


@torch.no_grad()
def largest_difference(model: Lifting, path: Path) -> float:
    """Largest difference between torch (fp32) and the file in ONNX Runtime.

    Relative to the largest value of each output, or 1 where that is less: with 256 keypoints two
    orders of summation differ by 1e-5 of it, and neither is nearer to a float64 run.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = 0.0
    for seed, shape in enumerate(CHECKED):
        inputs = example(*shape, seed=seed)
        expected = model(*(inputs[n] for n in INPUTS))
        found = session.run(None, {n: inputs[n].numpy() for n in INPUTS})
        for a, b in zip(expected, found, strict=True):
            difference = np.abs(a.numpy() - b).max() / max(1.0, np.abs(b).max())
            largest = max(largest, float(difference) if np.isfinite(difference) else np.inf)
    return largest


@torch.no_grad()
def write_golden(model: Lifting, path: Path) -> None:
    """Inputs and fp32 outputs with which an installation can check itself."""
    inputs = example(6, 33, 3, seed=7)
    outputs = model(*(inputs[n] for n in INPUTS))
    arrays = {f"input_{n}": t.numpy() for n, t in inputs.items()}
    arrays |= {f"output_{n}": t.numpy() for n, t in zip(OUTPUTS, outputs, strict=False)}
    np.savez_compressed(path, **arrays)


def export(config: ExportConfig) -> dict[str, Any]:
    """Write the model folder.

    Raises:
        ModelError: A file differs from torch by more than its tolerance.
    """
    model, about = checkpoint.load_weights(config.run)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.output.parent) as scratch:
        manifest = _write(Path(scratch), config.name, model, about)
        config.output.mkdir(exist_ok=True)
        for path in Path(scratch).iterdir():
            shutil.copy(path, config.output)
    return manifest


def _write(folder: Path, name: str, model: Lifting, about: dict[str, Any]) -> dict[str, Any]:
    files = {"golden": {"name": "golden.npz"}}
    write_golden(model, folder / "golden.npz")
    differences = {}
    for role, network in (("fp32", model), ("fp16", half_precision(model))):
        files[role] = {"name": f"{role}.onnx"}
        path = folder / f"{role}.onnx"
        write_onnx(network, path)
        differences[role] = largest_difference(model, path)
        if differences[role] > TOLERANCE[role]:
            raise ModelError(
                f"{role} differs from torch by {differences[role]:.2e}, more than "
                f"{TOLERANCE[role]:g}; do not ship it"
            )
    for entry in files.values():
        path = folder / entry["name"]
        entry |= {"size": path.stat().st_size, "sha256": sha256(path)}
    manifest = _manifest(name, model, about, files, differences)
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest, sort_keys=False))
    return manifest


def _manifest(
    name: str,
    model: Lifting,
    about: dict[str, Any],
    files: dict[str, dict[str, Any]],
    differences: dict[str, float],
) -> dict[str, Any]:
    return {
        "name": name,
        "format": 1,
        "opset": OPSET,
        "parameters": sum(p.numel() for p in model.parameters()),
        "architecture": model.config.as_dict(),
        "samples": about["samples"],
        "license": "BSD-3-Clause",
        "trained_on": about.get("sets", {}),
        "inputs": {
            "keypoints": "float32 (B, K, 2)",
            "confidence": "float32 (B, K)",
            "adjacency": "float32 (S, K, K)",
            "skeleton_index": "int64 (B,)",
            "camera": f"float32 (B, {len(CAMERA_FEATURES)}): {', '.join(CAMERA_FEATURES)}",
            "side": "float32 (B, K): 1 left, -1 right, 0 neither or unknown",
        },
        "outputs": list(OUTPUTS if model.config.depth else OUTPUTS[:2]),
        "files": files,
        "difference_to_torch": {role: float(f"{d:.1e}") for role, d in differences.items()},
    }


def main() -> None:
    """Read the command line and export."""
    manifest = export(tyro.cli(ExportConfig, description=__doc__))
    print(
        f"{manifest['name']}: {manifest['parameters']:,} parameters, {manifest['samples']:,} views"
    )
    for role, difference in manifest["difference_to_torch"].items():
        print(f"  {role}: largest difference to torch {difference:.1e}")


if __name__ == "__main__":
    main()
