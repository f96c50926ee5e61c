"""Wheels that are no part of the environment: fetched and unpacked beside the tests' cache.

The Python bindings of TensorRT want libraries that are not to be had here, but only to run: nine
functions are all that they import. A library with these and nothing behind them is enough to ask
the real classes for their names.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import INSTALLED_BY_MAKE

_WANTED_BY_BINDINGS = (
    "createInferBuilder_INTERNAL", "createInferRefitter_INTERNAL", "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL", "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry", "getNvOnnxParserVersion", "getPluginRegistry",
    "initLibNvInferPlugins",
)  # fmt: skip
# The oldest bindings are not built for newer ones.
_NEWEST_PYTHON = (3, 12)


def fetch(folder: Path, requirements: list[str], *options: str) -> Path:
    """Download packages without what they need, and unpack the wheels among them.

    Args:
        folder: Where to; what lies there already is not fetched again.
        requirements: Such as ``name==1.2``.
        options: More for pip.

    Returns:
        The folder, fit for ``PYTHONPATH``.
    """
    done = folder / "done"
    if done.exists() and done.read_text() == " ".join(requirements):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"]
    command = [*pip, "--no-deps", *options, "-d", str(folder), *requirements]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    if ran.returncode:
        _give_up(f"pip cannot download {', '.join(requirements)}: {ran.stderr.strip()[-300:]}")
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)
        wheel.unlink()
    done.write_text(" ".join(requirements))
    return folder


def _give_up(reason: str) -> None:
    """A failure where `make test` has prepared everything; elsewhere a robot may be offline."""
    known = platform.machine() == "x86_64" and sys.version_info[:2] <= _NEWEST_PYTHON
    if known and INSTALLED_BY_MAKE.exists():
        pytest.fail(reason)
    pytest.skip(reason)


def compiler() -> str:
    """The C compiler, which `make test` installs."""
    found = shutil.which("gcc") or shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler here")
    return found


def compile_library(sources: list[Path], target: Path, soname: str) -> Path:
    """Compile a shared library that the loader knows as ``soname``."""
    command = [compiler(), "-w", "-O1", "-shared", "-fPIC", *map(str, sources)]
    command += [f"-Wl,-soname,{soname}", "-o", str(target), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return target


def empty_tensorrt(folder: Path, major: int) -> Path:
    """Libraries of the names of TensorRT's, for its bindings to find. To be loaded beforehand."""
    source = folder / "empty.c"
    source.write_text(
        "".join(f"void *{name}(void) {{ return 0; }}\n" for name in _WANTED_BY_BINDINGS)
    )
    for name in ("nvinfer", "nvinfer_plugin", "nvonnxparser"):
        soname = f"lib{name}.so.{major}"
        compile_library([source], folder / soname, soname)
    return folder
