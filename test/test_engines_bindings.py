"""The stand-ins have no name that NVIDIA's real bindings lack, and lack none that we decide by."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from fetched_wheels import empty_tensorrt, fetch
from stand_in_tensorrt import VERSIONS, stand_in

#: Requirement and module of each generation; 8.6 is on no index, and RTX is in the environment.
BINDINGS = {
    "10.3": ("tensorrt_cu12_bindings==10.3.0", "tensorrt_bindings"),
    "10.16": ("tensorrt_cu13_bindings==10.16.1.11", "tensorrt_bindings"),
    "11.4": ("tensorrt_cu13_bindings==11.4.0.106", "tensorrt_bindings"),
    "rtx": ("", "tensorrt_rtx"),
}
#: What ``nvidia.py`` and ``plan.py`` ask for to tell generations apart.
DECISIVE = (
    "CudaGraphStrategy", "ComputeCapability", "ExecutionContextAllocationStrategy",
    "IProgressMonitor", "NetworkDefinitionCreationFlag.EXPLICIT_BATCH",
    "NetworkDefinitionCreationFlag.STRONGLY_TYPED", "BuilderFlag.FP16",
    "BuilderFlag.OBEY_PRECISION_CONSTRAINTS", "PreviewFeature.PROFILE_SHARING_0806",
    "IExecutionContext.set_device_memory", "ICudaEngine.device_memory_size",
    "IExecutionContext.update_device_memory_size_for_shapes",
    "ICudaEngine.create_execution_context_without_device_memory",
    "ICudaEngine.create_runtime_config", "IRuntimeConfig.cuda_graph_strategy",
)  # fmt: skip
#: What the code uses of objects whose names stand in no class of the stand-ins.
USED = (
    "IBuilderConfig.max_aux_streams", "IBuilderConfig.profiling_verbosity",
    "INetworkDefinition.num_layers", "ILayer.get_output", "ILayer.num_outputs",
    "ParserError.desc",
)  # fmt: skip
NAMES = """
import ctypes, importlib, json, sys
for library in sys.argv[2:]:
    ctypes.CDLL(library, ctypes.RTLD_GLOBAL)
module = importlib.import_module(sys.argv[1])
names = [n for n in dir(module) if not n.startswith("_")]
inside = [f"{n}.{a}" for n in names for a in dir(getattr(module, n)) if not a.startswith("_")]
print(json.dumps([module.__version__, names + inside]))
"""


@pytest.fixture(scope="module")
def real_names(pytestconfig, tmp_path_factory):
    """Version and all names of a generation's real module."""

    def ask(generation):
        requirement, module = BINDINGS[generation]
        path, libraries = os.environ.get("PYTHONPATH", ""), []
        if requirement:
            kept = pytestconfig.cache.mkdir("wheels") / requirement
            path = str(fetch(kept, [requirement]))
            empty = tmp_path_factory.mktemp("empty")
            empty_tensorrt(empty, int(generation.split(".")[0]))
            libraries = sorted(str(library) for library in empty.glob("lib*"))
        else:
            pytest.importorskip("tensorrt_rtx")
        done = subprocess.run(
            [sys.executable, "-c", NAMES, module, *libraries],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        version, names = json.loads(done.stdout.splitlines()[-1])
        return version, set(names)

    return ask


def names_of(module) -> set[str]:
    """Names of the stand-in that its real model must have."""
    found = set()
    for name, kind in vars(module).items():
        if isinstance(kind, type):
            found |= {name, *(f"{name}.{a}" for a in dir(kind) if not a.startswith("_"))}
    return found - _OF_EVERY_ENUM - _OF_THE_STAND_IN


def _enum_methods():
    numbers = {a for a in dir(int) if not a.startswith("_")}
    kinds = [name for name in vars(stand_in("rtx", print)) if not name.startswith("_")]
    return {f"{kind}.{number}" for kind in kinds for number in numbers}


_OF_EVERY_ENUM = _enum_methods()
_OF_THE_STAND_IN = {f"{kind}.library" for kind in vars(stand_in("rtx", print))}


@pytest.mark.parametrize("generation", BINDINGS)
def test_the_stand_in_has_the_real_names(real_names, generation):
    version, real = real_names(generation)
    assert version == VERSIONS[generation]
    ours = names_of(stand_in(generation, print))
    assert not ours - real
    assert {name for name in DECISIVE if name in ours} == {n for n in DECISIVE if n in real}
    assert set(USED) <= real
