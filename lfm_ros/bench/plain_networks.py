"""Networks to compare with, as model folders, so that every runtime takes them as it takes ours.

Their weights are random: the time does not depend on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lfm_ros.core.errors import LfmError
from lfm_ros.models import MANIFEST, Model, load_model, sha256

#: Of the residual MLP: J. Martinez et al., A simple yet effective baseline for 3d human pose
#: estimation, ICCV 2017, section 3.3: two blocks of two layers, each 1024 wide.
MLP_WIDTH, MLP_BLOCKS = 1024, 2

_OPSET, _IR_VERSION = 18, 8
_Weights = list[tuple[str, NDArray[Any]]]


def unavailable() -> str | None:
    """Why these networks cannot be made here, in a sentence; None if they can."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        return (
            f"onnx cannot be imported ({error}), so there is neither peer nor roof beside the "
            "figures; install it with: pip install onnx"
        )
    return None


def residual_mlp(folder: Path, keypoints: int) -> Model:
    """The plain lifter that most published ones are measured against, for one rig only.

    Batch normalisation is folded into the layers before it, as every runtime does at load.

    Args:
        folder: Where its folder is made.
        keypoints: K. Takes ``keypoints (B, K, 2)``, gives ``points (B, K, 3)``.

    Raises:
        LfmError: The package onnx is missing.
    """
    _require()
    from onnx import helper

    nodes, weights = [helper.make_node("Flatten", ["keypoints"], ["x0"], axis=1)], []

    def layer(name: str, x: str, shape: tuple[int, int], relu: bool = True) -> str:
        weights.extend([(f"{name}.w", _random(*shape)), (f"{name}.b", _random(1, shape[1])[0])])
        nodes.append(helper.make_node("Gemm", [x, f"{name}.w", f"{name}.b"], [name]))
        if relu:
            nodes.append(helper.make_node("Relu", [name], [f"{name}.relu"]))
        return f"{name}.relu" if relu else name

    x = layer("in", "x0", (2 * keypoints, MLP_WIDTH))
    for block in range(MLP_BLOCKS):
        y = layer(f"{block}a", x, (MLP_WIDTH, MLP_WIDTH))
        y = layer(f"{block}b", y, (MLP_WIDTH, MLP_WIDTH))
        nodes.append(helper.make_node("Add", [x, y], [f"sum{block}"]))
        x = f"sum{block}"
    x = layer("out", x, (MLP_WIDTH, 3 * keypoints), relu=False)
    weights.append(("shape", np.array([-1, keypoints, 3], np.int64)))
    nodes.append(helper.make_node("Reshape", [x, "shape"], ["points"]))
    shapes = {"keypoints": ("B", keypoints, 2), "points": ("B", keypoints, 3)}
    return _write(folder / f"mlp_{keypoints}", nodes, weights, shapes)


def product(folder: Path, inner: int, outer: int) -> Model:
    """Nothing but ``keypoints (T, inner) x weights (inner, outer)``.

    Raises:
        LfmError: The package onnx is missing.
    """
    _require()
    from onnx import helper

    node = helper.make_node("MatMul", ["keypoints", "w"], ["points"])
    shapes = {"keypoints": ("T", inner), "points": ("T", outer)}
    return _write(
        folder / f"product_{inner}_{outer}", [node], [("w", _random(inner, outer))], shapes
    )


def _require() -> None:
    reason = unavailable()
    if reason is not None:
        raise LfmError(reason)


def _random(inner: int, outer: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(inner + outer).normal(size=(inner, outer))
    return (drawn / np.sqrt(inner)).astype(np.float32)


def _write(
    folder: Path, nodes: Sequence[Any], weights: _Weights, shapes: dict[str, tuple[Any, ...]]
) -> Model:
    """Write a network with one input and one output, the first and the last of ``shapes``."""
    import onnx
    from onnx import helper, numpy_helper

    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in shapes.items()]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(nodes, folder.name, ends[:1], ends[1:], tensors)
    opset = [helper.make_opsetid("", _OPSET)]
    file = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
    onnx.checker.check_model(file)
    folder.mkdir()
    path = folder / "fp32.onnx"
    onnx.save(file, path)
    manifest = {
        "name": folder.name,
        "format": 1,
        "inputs": {"keypoints": "float32"},
        "outputs": ["points"],
        "files": {"fp32": {"name": path.name, "size": path.stat().st_size, "sha256": sha256(path)}},
    }
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest))
    return load_model(str(folder))
