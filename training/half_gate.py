"""Whether the fp16 file lifts as well as the network it was made of, on sequences held out.

On a CPU, ONNX Runtime keeps most of what happens between two fp16 tensors in fp32. A GPU rounds
more often, so the same blocks are also run in torch, which rounds after every operation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from lfm_ros.models import INPUTS
from training.cameras import ViewConfig
from training.config import TrainConfig
from training.model import Lifting
from training.trainer import load_sets
from training.validate import validate

#: Largest change of a validation error, in per cent of the radius.
LARGEST_CHANGE = 0.1
_ERRORS = ("procrustes", "camera")


class OnnxNetwork(nn.Module):
    """A file in ONNX Runtime that is called as the network is."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.empty(0))  # says where inputs are to be
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.wanted = {value.name: value.type for value in self.session.get_inputs()}

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(INPUTS, (t.numpy() for t in inputs), strict=True))
        given["skeleton_index"] = given["skeleton_index"].astype(np.int32)
        outputs = self.session.run(None, {name: given[name] for name in self.wanted})
        return tuple(torch.from_numpy(value) for value in outputs)


def change_of_error(model: Lifting, half: Lifting, fp16: Path, data: str) -> dict[str, float]:
    """How much fp16 changes the validation errors, in per cent of the radius.

    Args:
        model: The network.
        half: The network with its blocks in fp16.
        fp16: The file made of that.
        data: Sets, as in ``training.train``.

    Returns:
        The larger change of the two ways to run it, by name of the error; empty if the sets have
        no validation sequences.
    """
    _, held_out = load_sets(TrainConfig(data=data))
    before = validate(model, held_out, ViewConfig())
    ways = (half, OnnxNetwork(fp16))
    after = [validate(way, held_out, ViewConfig()) for way in ways]  # type: ignore[arg-type]
    names = {name: f"validation/{name}" for name in _ERRORS if f"validation/{name}" in before}
    return {n: max(abs(errors[key] - before[key]) for errors in after) for n, key in names.items()}
