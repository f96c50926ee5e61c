"""NVIDIA's Python module as each of its generations is, with ONNX Runtime inside.

The real library is not to be had without a GPU. What is here answers as the real one does: with
False, None and a line in the log where something is wrong. A plan holds the ONNX file, so an engine
computes the model's real outputs, late and on addresses, when the stream gets to it.
``test_engines_bindings.py`` compares the names with those of NVIDIA's real binding wheels.
"""

from __future__ import annotations

from enum import IntEnum
from types import ModuleType, SimpleNamespace

import stand_in_builder as building
import stand_in_runtime as running

VERSIONS = {
    "8.6": "8.6.1",
    "10.3": "10.3.0",
    "10.16": "10.16.1.11",
    "11.4": "11.4.0.106",
    "rtx": "1.7.1.116",
}


def stand_in(generation, enqueue, capturing=lambda: False):
    """A module of one generation.

    Args:
        generation: A key of ``VERSIONS``.
        enqueue: Called with a stream's handle and what is to happen when the stream gets to it.
        capturing: Whether the stream is being recorded.

    Returns:
        The module. Its attribute ``stand_in`` is for the tests: ``journal``, and switches that
        make it fail.
    """
    has = _has(generation)
    module = ModuleType("tensorrt_rtx" if has.rtx else "tensorrt")
    module.__version__ = VERSIONS[generation]
    module.stand_in = SimpleNamespace(
        journal=[],
        builds=0,
        refuse_build=False,
        refuse_enqueue=False,
        refuse_enqueue_in_capture=False,
        refuse_context=False,
        noises=[],  # what the engines of the next builds add to their outputs
        has=has,
        enqueue=enqueue,
        capturing=capturing,
    )
    _add_enums(module, has)
    _add_classes(module, has)
    return module


def _has(generation):
    """What a generation has that another has not."""
    old, rtx = generation == "8.6", generation == "rtx"
    before_11 = generation in ("8.6", "10.3", "10.16")
    return SimpleNamespace(
        explicit_batch=before_11,
        fp16_flag=before_11,
        profile_sharing_flag=before_11,
        without_device_memory=before_11,
        strong_types=not old,
        progress=not old,
        strategies=not old,
        int64=not old,
        runtime_config=generation not in ("8.6", "10.3"),
        rtx=rtx,
    )


def _enum(module, name, members):
    setattr(module, name, IntEnum(name, {member: i for i, member in enumerate(members)}))


def _add_enums(module, has):
    flags = ["EXPLICIT_BATCH"] * has.explicit_batch + ["STRONGLY_TYPED"] * has.strong_types
    _enum(module, "NetworkDefinitionCreationFlag", flags)
    _enum(module, "BuilderFlag", ["DEBUG", *["FP16", "OBEY_PRECISION_CONSTRAINTS"] * has.fp16_flag])
    _enum(module, "PreviewFeature", ["PROFILE_SHARING_0806"] * has.profile_sharing_flag)
    _enum(module, "DataType", ["FLOAT", "HALF", "INT8", "INT32", *["INT64"] * has.int64])
    _enum(module, "TensorIOMode", ["NONE", "INPUT", "OUTPUT"])
    _enum(module, "ProfilingVerbosity", ["LAYER_NAMES_ONLY", "NONE", "DETAILED"])
    if has.strategies:
        kinds = ["STATIC", "ON_PROFILE_CHANGE", "USER_MANAGED"]
        _enum(module, "ExecutionContextAllocationStrategy", kinds)
    if has.rtx:
        _enum(module, "CudaGraphStrategy", ["DISABLED", "WHOLE_GRAPH_CAPTURE"])
        _enum(module, "ComputeCapability", ["NONE", "CURRENT", "SM80", "SM86", "SM89", "SM120"])


class _Monitor:
    def __init__(self):
        pass


def _add_classes(module, has):
    engine = [running.MadeByStrategy if has.strategies else running.Engine]
    engine += [running.MadeWithoutMemory] * has.without_device_memory
    engine += [running.MadeByConfig] * has.runtime_config
    made = {
        "ILogger": [running.Logger],
        "Runtime": [running.Runtime],
        "ICudaEngine": engine,
        "IExecutionContext": [running.SizedContext if has.strategies else running.FixedContext],
        "Builder": [building.Builder],
        "OnnxParser": [building.Parser],
        "INetworkDefinition": [building.Network],
        "IOptimizationProfile": [building.Profile],
        "IBuilderConfig": [building.AimedConfig if has.rtx else building.Config],
    }
    if has.progress:
        made["IProgressMonitor"] = [_Monitor]
    if has.runtime_config:
        kind = running.GraphConfig if has.rtx else running.RuntimeConfig
        made["IRuntimeConfig"] = [kind]
    for name, bases in made.items():
        setattr(module, name, type(name, tuple(reversed(bases)), {"library": module}))
