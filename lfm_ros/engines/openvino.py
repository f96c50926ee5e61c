"""Intel's OpenVINO on the CPU: an option, faster than ONNX Runtime on some CPUs."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Arrays
from lfm_ros.models import Model

_INSTALL = "install it with: pip install openvino"


def unavailable() -> str | None:
    """Why this runtime cannot run here, in a sentence; None if it can."""
    try:
        import openvino  # noqa: F401
    except ImportError as error:
        return f"openvino cannot be imported ({error}); {_INSTALL}"
    return None


class OpenVinoEngine:
    """The model's fp32 file in OpenVINO.

    Calls from several threads run one after the other.

    Args:
        model: The model.
        threads: CPU threads of one call; 0: one.

    Raises:
        EngineError: OpenVINO is missing or cannot load the file.
    """

    name = "openvino"

    def __init__(self, model: Model, threads: int = 0) -> None:
        reason = unavailable()
        if reason is not None:
            raise EngineError(reason)
        import openvino

        # On a CPU with bf16 it would compute in that, at an error of one per cent.
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": max(threads, 1),
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        self._path = model.path("fp32")
        try:
            compiled = openvino.Core().compile_model(self._path, "CPU", settings)
            self._request: Any = compiled.create_infer_request()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot load {self._path}: {error}") from error
        self._inputs = {i.get_any_name(): i.get_element_type().to_dtype() for i in compiled.inputs}
        self._outputs = {name: compiled.output(name) for name in model.outputs}
        self._lock = threading.Lock()

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network once; see ``lfm_ros.engines.base.Engine``."""
        with self._lock:
            if self._request is None:
                raise EngineError("this engine is closed; make a new Lifter")
            try:
                wanted = {n: np.asarray(inputs[n], dtype) for n, dtype in self._inputs.items()}
                found = self._request.infer(wanted)
            except (RuntimeError, TypeError, ValueError) as error:
                raise EngineError(
                    f"OpenVINO cannot run {self._path} on inputs of shape "
                    f"{ {name: np.shape(value) for name, value in inputs.items()} }: {error}"
                ) from error
            return {name: np.array(found[port]) for name, port in self._outputs.items()}

    def close(self) -> None:
        """Give the request back."""
        with self._lock:
            self._request = None
