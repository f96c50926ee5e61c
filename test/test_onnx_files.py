"""The ONNX files that ship are ones that every runtime takes, old parsers of NVIDIA's included."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
import torch  # noqa: F401  (where it is missing, this file is left out)
from onnx import helper, numpy_helper

from lfm_ros.models import available, load_model
from training.onnx_file import FREE, OPERATORS, TRACED, complaints

FILES = [(name, role) for name in available() for role in ("fp32", "fp16")]


@pytest.fixture(scope="module", params=FILES, ids="-".join)
def file(request):
    name, role = request.param
    return onnx.load(load_model(name).path(role))


def test_every_runtime_takes_it(file):
    assert list(complaints(file)) == []
    onnx.checker.check_model(file, full_check=True)


def test_sizes_of_instances_keypoints_and_rigs_are_free(file):
    for value in (*file.graph.input, *file.graph.output):
        sizes = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        free = FREE[value.name]
        assert tuple(sizes[: len(free)]) == free
        assert all(isinstance(size, int) and size > 0 for size in sizes[len(free) :])


@pytest.mark.parametrize("name", available())
def test_only_the_blocks_are_in_half_precision(name):
    model = load_model(name)
    file = onnx.load(model.path("fp16"))
    for value in (*file.graph.input, *file.graph.output):
        assert value.type.tensor_type.elem_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.INT32)
    half = [t for t in file.graph.initializer if t.data_type == onnx.TensorProto.FLOAT16]
    single = [t for t in file.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    shape = model.manifest["architecture"]
    width, layers = shape["width"], shape["layers"]
    inside = layers * width * width * (4 + 2 * shape["mlp_ratio"])
    assert sum(np.prod(t.dims) for t in half if len(t.dims) == 2) == inside
    assert all(width * width not in t.dims for t in single)
    outside = sum(np.prod(t.dims) for t in single if len(t.dims) == 2)
    assert 0 < outside < 8 * width * width


def test_attention_is_one_softmax_a_block(file):
    softmax = [node for node in file.graph.node if node.op_type == "Softmax"]
    assert len(softmax) == load_model().manifest["architecture"]["layers"]


def spoil_operator(file):
    file.graph.node.append(helper.make_node("Einsum", ["keypoints"], ["x"], equation="abc->abc"))


def spoil_opset(file):
    file.opset_import[0].version = 18


def spoil_ir(file):
    file.ir_version = 10


def spoil_input(file):
    file.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 17


def spoil_constant(file):
    shape = np.array([1, TRACED["keypoints"]])
    file.graph.initializer.append(numpy_helper.from_array(shape, "baked"))


def spoil_axes(file):
    slices = next(node for node in file.graph.node if node.op_type == "Slice")
    slices.input[3] = "computed"


def spoil_domain(file):
    file.graph.node[0].domain = "com.somebody"


SPOILED = {
    spoil_operator: "operator ai.onnx.Einsum",
    spoil_opset: r"opsets \{'': 18\}",
    spoil_ir: "IR 10, not 17 and 8",
    spoil_input: r"keypoints has the sizes \('instances', 17, 2\)",
    spoil_constant: r"constant baked is \[1, 31\]",
    spoil_axes: "Slice .* with axes that are computed",
    spoil_domain: "operator com.somebody",
}


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda f: f.__name__)
def test_what_some_runtime_does_not_take_is_named(spoil):
    spoiled = onnx.load(load_model().path("fp32"))
    spoil(spoiled)
    found = list(complaints(spoiled))
    assert len(found) == 1
    assert re.search(SPOILED[spoil], found[0])


def test_the_allowed_operators_mean_the_same_in_both_opsets():
    since = {op: onnx.defs.get_schema(op, 18).since_version for op in OPERATORS}
    assert max(since.values()) <= 17
