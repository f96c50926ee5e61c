"""pycuda and cuda-python behind one layer, each the real one, on a driver that stands in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fetched_wheels import compile_library, fetch

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.cuda import opening
from lfm_ros.host import Host

HERE = Path(__file__).parent
LIBCUDA = HERE / "stand_in_libcuda.c"
# They need each other, and nothing else of NVIDIA's to be imported.
CUDA_PYTHON = ["cuda-bindings", "cuda-pathfinder"]


def on_stand_in(library: Path, name: str, path: str) -> dict:
    """What ``cuda_on_stand_in`` sees with the CUDA library that is on ``path``."""
    done = subprocess.run(
        [sys.executable, str(HERE / "cuda_on_stand_in.py"), str(library), name],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([path, str(HERE), str(HERE.parent)])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def cuda_python(pytestconfig, tmp_path_factory):
    path = fetch(pytestconfig.cache.mkdir("wheels") / "cuda-python", CUDA_PYTHON)
    library = compile_library(
        [LIBCUDA], tmp_path_factory.mktemp("cuda") / "cuda.so", "libcuda.so.1"
    )
    return on_stand_in(library, "cuda-python", str(path))


def check_everything(seen: dict, name: str) -> None:
    """All that is the same for both libraries."""
    assert seen["facts"] == [name, "Stand-in GPU", [8, 7], "12.6", False, [0, 0, 0]]
    reason, left = seen["no gpu"]
    assert reason.startswith("CudaError: there is a driver but no GPU to be used")
    assert left == [0, 0, 0]
    check_copies(seen["desktop"], seen["jetson"])
    check_graph(seen["graph"])
    failures, left = seen["memory"]
    assert len(failures) == 2
    assert all("no 0.0 MiB of memory left" in text and "onnxruntime" in text for text in failures)
    assert left == [0, 0, 0]
    assert seen["threads"] == [[], [0, 0, 0]]
    engine = seen["engine"]
    assert engine["worst"] < 1e-4
    assert engine["calls"][1:-1] == ["cuGraphLaunch", "cuStreamSynchronize"]
    assert engine["notices"] == []
    assert engine["left"] == [0, 0, 0]


def check_copies(desktop: dict, jetson: dict) -> None:
    # Half of the bytes went there; what came back from the rest is what nobody had written.
    assert desktop["before"] == [7]
    assert desktop["after"] == [7, 0xAB]
    assert jetson["before"] == jetson["after"] == [7]
    assert desktop["left"] == jetson["left"] == [0, 0, 0]
    assert not any("Memcpy" in call or "cuMemAlloc_v2" in call for call in jetson["calls"])
    assert "cuMemHostGetDevicePointer_v2" in jetson["calls"]
    for calls in (desktop["calls"], jetson["calls"]):
        assert calls[0] == "cuCtxPushCurrent_v2"
        assert calls.count("cuCtxPushCurrent_v2") == calls.count("cuCtxPopCurrent_v2")


def check_graph(seen: dict) -> None:
    assert seen["values"] == [1, 2]
    assert seen["calls"] == ["cuGraphLaunch", "cuStreamSynchronize"] * 2
    refused, waited = seen["failures"]
    assert refused == "CudaError: the enqueue was refused"
    assert waited.startswith("CudaError")
    assert seen["left"] == [0, 0, 0]


def test_cuda_python(cuda_python):
    check_everything(cuda_python, "cuda-python")


def test_no_driver_is_one_sentence(monkeypatch):
    monkeypatch.setattr(opening, "_DRIVER", "libcuda-that-is-not-there.so.1")
    monkeypatch.setattr(Host, "gpus", ["a GPU"])
    reason = opening.unavailable()
    assert reason is not None
    assert "no NVIDIA driver" in reason
    assert "--runtime nvidia" in reason
    with pytest.raises(EngineError, match="no NVIDIA driver"):
        opening.open_device()


def test_no_gpu_is_no_fault(monkeypatch):
    monkeypatch.setattr(opening, "_DRIVER", "libcuda-that-is-not-there.so.1")
    monkeypatch.setattr(Host, "gpus", [])
    assert opening.unavailable() == opening.NO_GPU
    assert "install" not in opening.NO_GPU
    with pytest.raises(EngineError, match="no NVIDIA GPU here"):
        opening.open_device()


def test_no_library_is_one_sentence(monkeypatch):
    monkeypatch.setattr(opening, "_DRIVER", "libc.so.6")
    monkeypatch.setattr(opening, "installed", list)
    with pytest.raises(EngineError, match=r"pip install pycuda .*pip install cuda-python"):
        opening.open_device()


def test_a_library_that_cannot_be_imported_says_which(monkeypatch):
    monkeypatch.setattr(opening, "_DRIVER", "libc.so.6")
    monkeypatch.setattr(opening, "installed", lambda: ["pycuda"])
    monkeypatch.setitem(sys.modules, "pycuda", None)
    with pytest.raises(EngineError, match=r"pycuda is installed but cannot be imported"):
        opening.open_device()
