"""pycuda, compiled from its sources without a GPU and without the CUDA toolkit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fetched_wheels import compile_library, fetch
from test_engines_cuda import LIBCUDA, check_everything, on_stand_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HEADERS = ["nvidia-cuda-runtime", "nvidia-cuda-crt", "nvidia-cuda-profiler-api"]
# siteconf.py of a source tree, found by pycuda's setup.py in the home folder too.
SETTINGS = """
CUDA_ROOT = {cuda!r}
CUDA_INC_DIR = [{include!r}]
CUDA_ENABLE_CURAND = False
CUDADRV_LIB_DIR = [{libraries!r}]
CUDADRV_LIBNAME = ["cuda"]
CXXFLAGS = ["-O0", "-g0", "-w"]
LDFLAGS = ["-Wl,--no-as-needed"]
"""
WITHOUT_DRIVER = """
from lfm_ros.engines.cuda.opening import installed, open_device
print(installed())
try:
    import pycuda.driver
except ImportError as error:
    print("ImportError", error)
try:
    open_device()
except Exception as error:
    print(type(error).__name__, error)
"""


def full_libcuda(folder: Path, include: Path) -> Path:
    """The stand-in driver, and for everything else in the headers a function that refuses.

    Linking wants all of them, and drops a library that has none of the symbols.
    """
    text = "".join(
        (include / name).read_text() for name in ("cuda.h", "cudaProfiler.h", "cudaGL.h")
    )
    ours = set(re.findall(r"^int (cu\w+)\(", LIBCUDA.read_text(), re.MULTILINE))
    names = set(re.findall(r"\bcu[A-Z]\w+", text)) - ours
    rest = folder / "rest.c"
    rest.write_text("".join(f"int {name}(void) {{ return 999; }}\n" for name in sorted(names)))
    return compile_library([LIBCUDA, rest], folder / "libcuda.so", "libcuda.so.1")


@pytest.fixture(scope="module")
def built(pytestconfig, tmp_path_factory):
    """The folder that pycuda is installed to, and the driver that it was linked with."""
    headers = fetch(pytestconfig.cache.mkdir("wheels") / "headers", HEADERS)
    (include,) = headers.glob("nvidia/*/include")
    folder = tmp_path_factory.mktemp("pycuda")
    library = full_libcuda(folder, include)
    settings = SETTINGS.format(
        cuda=str(include.parent), include=str(include), libraries=str(folder)
    )
    (folder / ".aksetup-defaults.py").write_text(settings)
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    # Its own numpy: with the one of a sourced ROS 2 it would not have to agree.
    command = [*pip, "--target", str(folder / "site"), "--no-binary", "pycuda", "pycuda"]
    done = subprocess.run(
        command,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "site", library


def test_pycuda_builds_and_works(built):
    site, library = built
    (driver,) = site.glob("pycuda/_driver*.so")
    needed = subprocess.run(["ldd", driver], capture_output=True, text=True, check=True).stdout
    assert "libcuda.so.1" in needed
    check_everything(on_stand_in(library, "pycuda", str(site)), "pycuda")


def test_without_a_driver_it_is_one_sentence(built):
    site, _ = built
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(root)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    installed, imported, opened = done.stdout.splitlines()
    assert "pycuda" in installed
    if imported.startswith("ImportError libcuda.so.1"):  # a machine with a driver imports it
        assert opened.startswith("EngineError there is no NVIDIA ")
