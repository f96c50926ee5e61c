"""Export a run to ONNX: ``python -m training.export --run RUN --name lfm_mine.v1 --output FOLDER``.

Writes the model folder that ``lfm_ros.models`` reads: fp32, a file with the blocks in fp16 between
fp32 ends, a golden batch, and the manifest. Both files are checked against torch before the
manifest is written, and refused if they differ.
"""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import yaml
from torch import Tensor, nn

from lfm_ros.core.errors import InputError, ModelError
from lfm_ros.core.normalize import CAMERA_FEATURES
from lfm_ros.models import INPUTS, MANIFEST, sha256
from training import checkpoint
from training.command import options_of, sentences
from training.half_gate import LARGEST_CHANGE, change_of_error
from training.model import OUTPUTS, Lifting
from training.onnx_file import OPSET, TRACED, write_onnx

TOLERANCE = {"fp32": 1e-5, "fp16": 5e-3}
# Shapes (instances, keypoints, rigs) that the exported files are compared at.
CHECKED = ((1, 17, 1), (2, 2, 1), (10, 33, 3), (3, 133, 2), (64, 17, 5), (2, 256, 1))
_NAME = r"\w[\w.-]*"


@dataclass(frozen=True)
class ExportConfig:
    """What to export, and where to."""

    run: Path
    """Folder that training.train wrote."""
    name: str
    """Name in the manifest, such as lfm_robot.v1: letters, digits, dots, dashes, underscores."""
    output: Path
    """Model folder to write, such as config/models/robot; what is there is replaced."""
    data: str = "builtin"
    """Whose validation sequences must come out of fp16 as of fp32: as in training.train."""
    license: str = "not stated"
    """Terms of the weights, for the manifest: yours to choose, within those of the data."""

    def __post_init__(self) -> None:
        if not re.fullmatch(_NAME, self.name):
            raise InputError(
                f"name is {self.name!r}; give letters, digits, dots, dashes and underscores, such "
                "as lfm_robot.v1"
            )


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
        # TensorRT 8.6 has no int64 inputs, and later ones warn of them.
        "skeleton_index": torch.arange(instances, dtype=torch.int32) % rigs,
        "camera": camera,
        "side": torch.randint(-1, 2, (instances, keypoints), generator=random).float(),
    }


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


def _outputs(model: Lifting) -> tuple[str, ...]:
    return OUTPUTS if model.config.depth else OUTPUTS[:2]


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
        ModelError: A file differs from torch by more than its tolerance, fp16 lifts worse than
            fp32, or some runtime would not take a file.
        InputError: ``config.data`` cannot be read.
    """
    model, about = checkpoint.load_weights(config.run)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.output.parent) as scratch:
        folder = Path(scratch)
        manifest = _manifest(config, model, about)
        manifest["difference_to_torch"] = _write_files(folder, model)
        manifest["fp16_changes_error_by"] = _gate(config.data, model, folder / "fp16.onnx")
        manifest["files"] = _entries(folder)
        (folder / MANIFEST).write_text(yaml.safe_dump(manifest, sort_keys=False))
        config.output.mkdir(exist_ok=True)
        for path in folder.iterdir():
            shutil.copy(path, config.output)
    return manifest


def _write_files(folder: Path, model: Lifting) -> dict[str, float]:
    """Write golden batch and ONNX files; the largest differences of the latter to torch."""
    write_golden(model, folder / "golden.npz")
    traced = example(TRACED["instances"], TRACED["keypoints"], TRACED["rigs"])
    differences = {}
    for role, network in (("fp32", model), ("fp16", half_precision(model))):
        path = folder / f"{role}.onnx"
        write_onnx(network, path, {n: traced[n] for n in INPUTS}, _outputs(model))
        difference = largest_difference(model, path)
        if difference > TOLERANCE[role]:
            raise ModelError(
                f"{role} differs from torch by {difference:.2e}, more than "
                f"{TOLERANCE[role]:g}; do not ship it"
            )
        differences[role] = float(f"{difference:.1e}")
    return differences


def _gate(data: str, model: Lifting, path: Path) -> dict[str, float]:
    changes = change_of_error(model, half_precision(model), path, data)
    largest = max(changes.values(), default=0.0)
    if largest > LARGEST_CHANGE:
        raise ModelError(
            f"fp16 changes the validation error by {largest:.3f} % of the radius, more than "
            f"{LARGEST_CHANGE:g}; do not ship it"
        )
    return {name: round(change, 5) for name, change in changes.items()}


def _entries(folder: Path) -> dict[str, dict[str, Any]]:
    names = {"golden": "golden.npz", "fp32": "fp32.onnx", "fp16": "fp16.onnx"}
    sizes = {role: (folder / name).stat().st_size for role, name in names.items()}
    return {
        role: {"name": name, "size": sizes[role], "sha256": sha256(folder / name)}
        for role, name in names.items()
    }


def _manifest(config: ExportConfig, model: Lifting, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": config.name,
        "format": 1,
        "opset": OPSET,
        "parameters": sum(p.numel() for p in model.parameters()),
        "architecture": model.config.as_dict(),
        "samples": about["samples"],
        "license": config.license,
        "trained_on": about.get("sets", {}),
        "inputs": {
            "keypoints": "float32 (B, K, 2)",
            "confidence": "float32 (B, K)",
            "adjacency": "float32 (S, K, K)",
            "skeleton_index": "int32 (B,)",
            "camera": f"float32 (B, {len(CAMERA_FEATURES)}): {', '.join(CAMERA_FEATURES)}",
            "side": "float32 (B, K): 1 left, -1 right, 0 neither or unknown",
        },
        "outputs": list(_outputs(model)),
    }


def main() -> None:
    """Read the command line and export."""
    with sentences():
        config = options_of("training.export", ExportConfig, __doc__)
        manifest = export(config)
    print(
        f"{manifest['name']}: {manifest['parameters']:,} parameters, {manifest['samples']:,} views "
        f"-> {config.output}"
    )
    for role, difference in manifest["difference_to_torch"].items():
        print(f"  {role}: largest difference to torch {difference:.1e}")
    for error, change in manifest["fp16_changes_error_by"].items():
        print(f"  fp16 changes the {error} error by {change:.4f} % of the radius")


if __name__ == "__main__":
    main()
