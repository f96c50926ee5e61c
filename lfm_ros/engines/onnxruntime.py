"""ONNX Runtime on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Arrays
from lfm_ros.models import Model

_PROVIDER = "CPUExecutionProvider"
_INSTALL = "install it with: pip install onnxruntime"
# A file may want its integers narrower than the protocol has them, for the sake of TensorRT.
_TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}


def unavailable() -> str | None:
    """Why this runtime cannot run here, in a sentence; None if it can."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return f"onnxruntime cannot be imported ({error}); {_INSTALL}"
    return None


class OnnxRuntimeEngine:
    """The model's fp32 file in ONNX Runtime.

    One thread without spinning is the default: for the few thousand multiplications of one frame
    it is as fast as two threads, and it leaves the other cores to the robot.

    Args:
        model: The model.
        threads: CPU threads of one call.

    Raises:
        EngineError: ONNX Runtime is missing, cannot load the file, or chose another provider.
    """

    name = "onnxruntime"

    def __init__(self, model: Model, threads: int = 1) -> None:
        reason = unavailable()
        if reason is not None:
            raise EngineError(reason)
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        path = model.path("fp32")
        try:
            session = ort.InferenceSession(str(path), options, providers=[_PROVIDER])
        except Exception as error:  # ONNX Runtime raises many types, none of them public.
            raise EngineError(f"ONNX Runtime cannot load {path}: {error}") from error
        # It falls back to other providers without an error.
        if session.get_providers() != [_PROVIDER]:
            raise EngineError(
                f"ONNX Runtime runs on {session.get_providers()} instead of {_PROVIDER}; {_INSTALL}"
            )
        self._session: Any = session
        self._path = path
        self._outputs = list(model.outputs)
        self._types = {i.name: _TYPES[i.type] for i in session.get_inputs()}

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network once; see ``lfm_ros.engines.base.Engine``."""
        session = self._session
        if session is None:
            raise EngineError("this engine is closed; make a new Lifter")
        # A network that needs less than the protocol offers has had the rest optimised away.
        try:
            given = {n: np.asarray(inputs[n]).astype(t, copy=False) for n, t in self._types.items()}
            values = session.run(self._outputs, given)
        except Exception as error:  # as above
            raise EngineError(
                f"ONNX Runtime cannot run {self._path} on inputs of shape "
                f"{ {name: np.shape(value) for name, value in inputs.items()} }: {error}"
            ) from error
        return dict(zip(self._outputs, values, strict=True))

    def close(self) -> None:
        """Give the session back."""
        self._session = None
