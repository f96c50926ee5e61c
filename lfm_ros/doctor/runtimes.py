"""What can carry out the network."""

from __future__ import annotations

import json

from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding
from lfm_ros.doctor.modules import Module, look_for
from lfm_ros.doctor.patient import Patient

AREA = "runtimes"
_PROVIDERS = "module.__version__ + ': ' + ', '.join(module.get_available_providers())"
#: The engines themselves say best whether they would run; asked in a process of its own.
_REASONS = "__import__('json').dumps({n: b.unavailable() for n, b in module.BACKENDS.items()})"
_GPU_LIBRARY = "TensorRT, unless the other of pycuda and cuda-python is there"


def check(patient: Patient) -> list[Finding]:
    """The libraries, and then which backends would run."""
    return [*look_for(AREA, _libraries(patient), patient), *_backends(patient)]


def _libraries(patient: Patient) -> list[Module]:
    pip = "python3 -m pip install"
    return [
        Module("onnxruntime", "onnxruntime", "the CPU", f"{pip} onnxruntime", _PROVIDERS),
        *(_for_gpus(patient, pip) if patient.host.gpus else _for_no_gpu()),
        Module("openvino", "openvino", "the backend openvino, an option", f"{pip} openvino"),
    ]


def _for_gpus(patient: Patient, pip: str) -> list[Module]:
    apt = "sudo apt install python3-libnvinfer"
    bindings = [
        Module("pycuda", "pycuda", _GPU_LIBRARY, f"{pip} pycuda (compiles; wants the toolkit)"),
        Module("cuda-python", "cuda.bindings", _GPU_LIBRARY, f"{pip} cuda-python"),
    ]
    if patient.host.is_jetson:
        return [Module("tensorrt", "tensorrt", "the backend tensorrt", apt), *bindings]
    rtx = f"{pip} tensorrt-rtx-cu13 (for RTX cards)"
    return [
        Module("tensorrt", "tensorrt", "the backend tensorrt", f"{apt}, from NVIDIA's repository"),
        Module("tensorrt_rtx", "tensorrt_rtx", "the backend tensorrt_rtx", rtx),
        *bindings,
    ]


def _for_no_gpu() -> list[Module]:
    modules = {n: n for n in ("tensorrt", "tensorrt_rtx", "pycuda")} | {
        "cuda-python": "cuda.bindings"
    }
    return [
        Module(name, m, "nothing, as there is no NVIDIA GPU", "") for name, m in modules.items()
    ]


def _backends(patient: Patient) -> list[Finding]:
    tried = patient.try_module("lfm_ros.engines.select", _REASONS)
    try:
        reasons = json.loads(tried.said) if tried.works else {}
    except ValueError:
        reasons = {}
    if not reasons:
        mend = "mend what is named above, or install lfm_ros again"
        return [Finding(AREA, "backends", BROKEN, tried.said, "everything", mend)]
    return [
        Finding(AREA, f"backend {name}", OK, "runs here")
        if reason is None
        else Finding(AREA, f"backend {name}", ABSENT, reason)
        for name, reason in reasons.items()
    ]
