"""Which of the two libraries opens the GPU, and what is said where neither can."""

from __future__ import annotations

import ctypes
import importlib.util

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.cuda.device import CudaError, Device
from lfm_ros.host import Host

_DRIVER = "libcuda.so.1"

#: What is said of a computer that has nothing of NVIDIA's: no fault, so no remedy.
NO_GPU = "there is no NVIDIA GPU here, and no driver; without one everything runs on the CPU"


def unavailable() -> str | None:
    """Why no GPU can be used here, in a sentence; None where a driver and a library are there.

    Makes no context and asks no GPU, so it is quick and takes nothing.
    """
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        if not Host().gpus:
            return NO_GPU
        return (
            f"there is no NVIDIA driver here ({_DRIVER} is missing); install the GPU's driver, in "
            "a container start it with --gpus all or --runtime nvidia"
        )
    if not installed():
        return (
            "neither pycuda nor cuda-python is installed; install one with: pip install pycuda "
            "(compiles, wants the CUDA toolkit), or: pip install cuda-python"
        )
    return None


def installed() -> list[str]:
    """The libraries that are installed, in the order in which they are tried."""
    found = {"pycuda": _has("pycuda"), "cuda-python": _has("cuda.bindings")}
    return [name for name, there in found.items() if there]


def open_device(ordinal: int = 0) -> Device:
    """Open a GPU with pycuda, or with cuda-python where pycuda is not installed.

    Raises:
        EngineError: There is no driver, no library, or no GPU; the message names the remedy.
    """
    reason = unavailable()
    if reason is not None:
        raise EngineError(reason)
    library = installed()[0]
    try:
        return _open(library, ordinal)
    except (ImportError, OSError) as error:
        raise EngineError(
            f"{library} is installed but cannot be imported ({error}); install it again for this "
            "machine's CUDA, or remove it so that the other library is used"
        ) from error
    except CudaError as error:
        raise CudaError(
            f"there is a driver but no GPU to be used: {error}; see whether nvidia-smi shows one, "
            "and whether CUDA_VISIBLE_DEVICES hides it"
        ) from error


def _open(library: str, ordinal: int) -> Device:
    if library == "pycuda":
        from lfm_ros.engines.cuda.with_pycuda import PycudaDevice

        return PycudaDevice(ordinal)
    from lfm_ros.engines.cuda.with_bindings import BindingsDevice

    return BindingsDevice(ordinal)


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False
