"""The ONNX file: traced with free sizes, and held to what old and new runtimes take alike.

torch writes opset 18. The operators that the network needs are the same in 17, which is what the
parser of TensorRT 8.6 knows, so the file says 17 and a check refuses what would make that untrue.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from onnxscript import ir
from onnxscript import opset18 as opset
from torch import Tensor, nn
from torch.export import Dim

from lfm_ros.core.errors import ModelError

TRACED_OPSET, OPSET, IR_VERSION = 18, 17, 8
#: Sizes to trace with. No constant of the network is one of them, so that one which is found in
#: the file is a size that became fixed.
TRACED = {"instances": 29, "keypoints": 31, "rigs": 37}
#: The free leading dimensions of inputs and outputs.
FREE = {
    "keypoints": ("instances", "keypoints"),
    "confidence": ("instances", "keypoints"),
    "adjacency": ("rigs", "keypoints", "keypoints"),
    "skeleton_index": ("instances",),
    "camera": ("instances",),
    "side": ("instances", "keypoints"),
    "canonical": ("instances", "keypoints"),
    "log_sigma": ("instances", "keypoints"),
    "uvd": ("instances", "keypoints"),
}
#: What ONNX Runtime, OpenVINO and NVIDIA's parsers from 8.6 on take.
OPERATORS = frozenset(
    (
        *("Add", "Cast", "Concat", "Cos", "Div", "Equal", "Erf", "Expand", "Gather", "Gemm"),
        *("Greater", "LayerNormalization", "MatMul", "Max", "Min", "Mul", "Range", "ReduceSum"),
        *("Reshape", "Shape", "Sin", "Slice", "Softmax", "Squeeze", "Sub", "Transpose"),
        *("Unsqueeze", "Where"),
    )
)
# Inputs that the parser of 8.6 wants to find in the file, by operator.
_CONSTANT_INPUT = {"Slice": 3, "Squeeze": 1, "Unsqueeze": 1, "ReduceSum": 1}


def write_onnx(
    model: nn.Module, path: Path, inputs: Mapping[str, Tensor], outputs: Sequence[str]
) -> None:
    """Trace the network with free numbers of instances, keypoints and rigs.

    Args:
        model: The network.
        path: File to write.
        inputs: Example inputs by name, of the sizes ``TRACED``.
        outputs: Names of the outputs.

    Raises:
        ModelError: Some runtime would not take the file.
    """
    sizes = {name: Dim(name, min=2) for name in TRACED}
    with _quiet():
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(path),
            dynamo=True,
            opset_version=TRACED_OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple(
                {axis: sizes[size] for axis, size in enumerate(FREE[name])} for name in inputs
            ),
            external_data=False,
            custom_translation_table={torch.ops.aten.gelu.default: _gelu},
            verbose=False,
        )
    file = onnx.load(path)
    _strip(file)
    _relabel(file)
    found = list(complaints(file))
    if found:
        raise ModelError(f"{path.name} is not what every runtime takes: {'; '.join(found)}")
    onnx.save(file, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's warnings, and without its exporter's of packages that nobody needs here."""
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(level)


def _gelu(x: Any, approximate: str = "none") -> Any:
    """The exact GELU, with the operators in the order in which ONNX Runtime fuses them.

    torch's own translation multiplies by one half first, which is as right and stays five nodes.
    """
    if approximate != "none":
        raise ModelError(f"GELU is approximated by {approximate!r}; use the exact one")
    root, one, half = (ir.tensor(value, dtype=x.dtype) for value in (math.sqrt(2), 1.0, 0.5))
    return opset.Mul(opset.Mul(x, opset.Add(opset.Erf(opset.Div(x, root)), one)), half)


def complaints(file: onnx.ModelProto) -> Iterator[str]:
    """Why some runtime would not take a file, one clause each; nothing if all do."""
    versions = {entry.domain: entry.version for entry in file.opset_import}
    if versions != {"": OPSET} or file.ir_version != IR_VERSION:
        yield f"opsets {versions} and IR {file.ir_version}, not {OPSET} and {IR_VERSION}"
    if file.functions:
        yield f"functions {[function.name for function in file.functions]}"
    constant = {tensor.name for tensor in file.graph.initializer}
    for node in file.graph.node:
        yield from _complaints_of_node(node, constant)
    for value in (*file.graph.input, *file.graph.output):
        sizes = tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim)
        free = FREE[value.name]
        if sizes[: len(free)] != free:
            yield f"{value.name} has the sizes {sizes}, not {free} in front"
    for tensor in file.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "i" and set(values.ravel().tolist()) & set(TRACED.values()):
            yield f"constant {tensor.name} is {values.tolist()}, a size it was traced with"


def _complaints_of_node(node: onnx.NodeProto, constant: set[str]) -> Iterator[str]:
    if node.domain or node.op_type not in OPERATORS:
        yield f"operator {node.domain or 'ai.onnx'}.{node.op_type}"
        return
    changed = onnx.defs.get_schema(node.op_type, TRACED_OPSET).since_version
    if changed > OPSET:
        yield f"operator {node.op_type}, whose meaning changed in opset {changed}"
    index = _CONSTANT_INPUT.get(node.op_type, 0)
    if index and len(node.input) > index and node.input[index] not in constant:
        yield f"{node.op_type} {node.name} with axes that are computed"


def _strip(file: onnx.ModelProto) -> None:
    """Take out where in whose sources each node came from: it is half of the file's text."""
    graph = file.graph
    tensors = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (file, graph, *graph.node, *tensors, *file.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _relabel(file: onnx.ModelProto) -> None:
    """Say opset 17 and IR 8, and nothing of intermediate shapes, which nobody needs."""
    file.ir_version = IR_VERSION
    del file.opset_import[:]
    file.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    del file.graph.value_info[:]
