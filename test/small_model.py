"""A model of a few operators, for what is about engines and not about networks: it builds fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import yaml
from onnx import TensorProto, helper, numpy_helper

from lfm_ros.models import MANIFEST, Model, load_model, sha256

INPUTS = {
    "keypoints": ("float32 (B, K, 2)", ["instances", "keypoints", 2]),
    "confidence": ("float32 (B, K)", ["instances", "keypoints"]),
    "adjacency": ("float32 (S, K, K)", ["rigs", "keypoints", "keypoints"]),
    "skeleton_index": ("int32 (B,)", ["instances"]),
    "camera": ("float32 (B, 6): words (in brackets)", ["instances", 6]),
    "side": ("float32 (B, K)", ["instances", "keypoints"]),
}


def small_model(folder: Path, name: str = "lfm_small.v1", scale: float = 2.1) -> Model:
    """Write a model folder and load it.

    Its structure is ``scale`` times the image position and the number of neighbours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for role in ("fp32", "fp16"):
        onnx.save(_file(scale, role == "fp16"), folder / f"{role}.onnx")
    inputs = golden_inputs()
    session = onnxruntime.InferenceSession(str(folder / "fp32.onnx"))
    outputs = zip(("canonical", "log_sigma"), session.run(None, inputs), strict=True)
    golden = {f"input_{n}": v for n, v in inputs.items()} | {f"output_{n}": v for n, v in outputs}
    np.savez(folder / "golden.npz", **golden)
    names = {"golden": "golden.npz", "fp32": "fp32.onnx", "fp16": "fp16.onnx"}
    manifest = {
        "name": name,
        "format": 1,
        "inputs": {n: said for n, (said, _) in INPUTS.items()},
        "outputs": ["canonical", "log_sigma"],
        "files": {
            role: {"name": n, "size": (folder / n).stat().st_size, "sha256": sha256(folder / n)}
            for role, n in names.items()
        },
    }
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest))
    return load_model(str(folder))


def golden_inputs() -> dict[str, np.ndarray]:
    """Three instances of two rigs; the last instance has no keypoint."""
    random = np.random.default_rng(0)
    confidence = np.ones((3, 5), np.float32)
    confidence[2] = 0
    return {
        "keypoints": random.uniform(-1, 1, (3, 5, 2)).astype(np.float32),
        "confidence": confidence,
        "adjacency": np.stack([np.eye(5, k=1) + np.eye(5, k=-1), np.zeros((5, 5))]).astype("f4"),
        "skeleton_index": np.array([0, 1, 0], np.int32),
        "camera": np.zeros((3, 6), np.float32),
        "side": np.zeros((3, 5), np.float32),
    }


def _file(scale: float, half: bool) -> onnx.ModelProto:
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    nodes = [
        helper.make_node("Gather", ["adjacency", "skeleton_index"], ["edges"], axis=0),
        helper.make_node("ReduceSum", ["edges", "last"], ["degree"], keepdims=1),
        helper.make_node("Concat", ["keypoints", "degree"], ["joined"], axis=2),
        helper.make_node("Cast", ["joined"], ["narrow"], to=kind),
        helper.make_node("Mul", ["narrow", "scale"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], ["canonical"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["camera", "last"], ["known"], keepdims=1),
        helper.make_node("Add", ["confidence", "side"], ["both"]),
        helper.make_node("Add", ["both", "known"], ["log_sigma"]),
    ]
    integers = {"skeleton_index": TensorProto.INT32}
    inputs = [
        helper.make_tensor_value_info(name, integers.get(name, TensorProto.FLOAT), shape)
        for name, (_, shape) in INPUTS.items()
    ]
    shapes = {
        "canonical": ["instances", "keypoints", 3],
        "log_sigma": ["instances", "keypoints"],
    }
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    constants = [
        numpy_helper.from_array(np.array([-1]), "last"),
        numpy_helper.from_array(np.array(scale, np.float16 if half else np.float32), "scale"),
    ]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)
