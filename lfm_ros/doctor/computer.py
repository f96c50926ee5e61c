"""The processor and the GPU with its driver and toolkit."""

from __future__ import annotations

import re

from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding
from lfm_ros.doctor.patient import Patient

AREA = "computer"
_DRIVER_VERSION = (
    "(lambda number: (module.CDLL('libcuda.so.1').cuDriverGetVersion(module.byref(number)), "
    "number.value)[1])(module.c_int())"
)
_TENSORRT = "TensorRT: the network runs on the CPU"


def check(patient: Patient) -> list[Finding]:
    """What there is to compute with."""
    return [_processor(patient), _gpu(patient), _driver(patient), _toolkit(patient)]


def _processor(patient: Patient) -> Finding:
    host = patient.host
    sets = ", ".join(host.instruction_sets) or "no wide instructions named"
    said = f"{host.processor}; {host.cores} cores; {host.memory_gb:g} GB; {sets}; {host.system}"
    return Finding(AREA, "processor", OK, said)


def _gpu(patient: Patient) -> Finding:
    host = patient.host
    if host.is_jetson:
        release = host.jetson_release or "of unknown release"
        return Finding(AREA, "GPU", OK, f"{host.board or 'Jetson'}, Jetson Linux {release}")
    if host.gpus:
        return Finding(AREA, "GPU", OK, ", ".join(host.gpus))
    return Finding(AREA, "GPU", ABSENT, "no NVIDIA GPU is seen", _TENSORRT)


def _driver(patient: Patient) -> Finding:
    tried = patient.try_module("ctypes", _DRIVER_VERSION)
    if tried.works and tried.said.isdigit():
        kernel = f"{patient.host.driver}, " if patient.host.driver else ""
        said = f"{kernel}up to CUDA {_cuda_version(int(tried.said))}"
        return Finding(AREA, "driver", OK, said)
    if not patient.host.gpus:
        return Finding(AREA, "driver", ABSENT, "none, as there is no GPU", _TENSORRT)
    if patient.host.is_jetson:
        mend = "in a container: docker run --runtime nvidia ...; else flash JetPack again"
    else:
        mend = "sudo ubuntu-drivers install; in a container: docker run --gpus all ..."
    return Finding(AREA, "driver", BROKEN, tried.said, _TENSORRT, mend)


def _toolkit(patient: Patient) -> Finding:
    said = patient.host.text("usr/local/cuda/include/cuda.h")
    found = re.search(r"#define CUDA_VERSION (\d+)", said)
    if found:
        return Finding(AREA, "CUDA toolkit", OK, _cuda_version(int(found[1])))
    absent = "not in /usr/local/cuda"
    if not patient.host.gpus:
        return Finding(AREA, "CUDA toolkit", ABSENT, absent)
    jetson, desktop = "nvidia-jetpack", "nvidia-cuda-toolkit, or use cuda-python, which needs none"
    mend = f"sudo apt install {jetson if patient.host.is_jetson else desktop}"
    return Finding(AREA, "CUDA toolkit", ABSENT, absent, "building pycuda", mend)


def _cuda_version(number: int) -> str:
    """12060, as NVIDIA's headers and driver write it, is 12.6."""
    return f"{number // 1000}.{number % 1000 // 10}"
