"""ONNX Runtime on the CPU.

How a call is carried out was measured on a Zen 5 server core: a thread of its own for each part of
a batch is worth more than several threads within one multiplication, a part of some 800 keypoints
fits the caches and takes up to a third less time than a whole crowd, and threads that wait by
spinning cost many times the work of a frame.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Arrays
from lfm_ros.engines.parts import cut, joined
from lfm_ros.host import Host
from lfm_ros.models import Model

_PROVIDER = "CPUExecutionProvider"
_INSTALL = "install it with: pip install onnxruntime"
#: Keypoints of a part: more fall out of the caches, and the memory of a call grows with them.
LARGEST_PART = 768
#: Keypoints that are worth waking a thread for.
SMALLEST_PART = 128
_MOST_THREADS = 4
# What models of either kind want of ``skeleton_index``, and of all others.
_DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def unavailable() -> str | None:
    """Why this runtime cannot run here, in a sentence; None if it can."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return f"onnxruntime cannot be imported ({error}); {_INSTALL}"
    return None


class OnnxRuntimeEngine:
    """The model's fp32 file in ONNX Runtime.

    Args:
        model: The model.
        threads: Most CPU threads of one call. A frame of few keypoints takes one. 0: all cores but
            one, at most four.

    Raises:
        EngineError: ONNX Runtime is missing, cannot load the file, or chose another provider.
    """

    name = "onnxruntime"

    def __init__(self, model: Model, threads: int = 0) -> None:
        reason = unavailable()
        if reason is not None:
            raise EngineError(reason)
        self._path = model.path("fp32")
        session = _session(str(self._path))
        self._outputs = list(model.outputs)
        self._inputs = {i.name: _DTYPES[i.type] for i in session.get_inputs()}
        self.threads = threads or automatic_threads()
        # The caller works too. Threads start when they are first needed, and end when the last call
        # has let go of them.
        others = ThreadPoolExecutor(max(self.threads - 1, 1), "lfm_ros_onnxruntime")
        self._open: tuple[Any, ThreadPoolExecutor] | None = (session, others)

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network once; see ``lfm_ros.engines.base.Engine``."""
        if (held := self._open) is None:
            raise EngineError("this engine is closed; make a new Lifter")
        session, others = held
        try:
            parts = _parts(*np.shape(inputs["confidence"]), self.threads)
            if len(parts) == 1:
                return self._run(session, inputs)
            return joined(self._run_all(session, others, inputs, parts))
        except Exception as error:  # ONNX Runtime raises many types, none of them public.
            raise EngineError(
                f"ONNX Runtime cannot run {self._path} on inputs of shape "
                f"{ {name: np.shape(value) for name, value in inputs.items()} }: {error}"
            ) from error

    def close(self) -> None:
        """Give the session back, as soon as the last running call has ended."""
        self._open = None

    def _run(self, session: Any, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        # A network that needs less than the protocol offers has had the rest optimised away.
        wanted = {name: np.asarray(inputs[name], dtype) for name, dtype in self._inputs.items()}
        values = session.run(self._outputs, wanted)
        return dict(zip(self._outputs, values, strict=True))

    def _run_all(
        self, session: Any, others: ThreadPoolExecutor, inputs: Arrays, parts: list[slice]
    ) -> list[dict[str, NDArray[np.float32]]]:
        """Deal the parts out to the threads; each runs its own one after the other."""

        def run(mine: list[slice]) -> list[dict[str, NDArray[np.float32]]]:
            return [self._run(session, cut(inputs, part)) for part in mine]

        hands = min(self.threads, len(parts))
        share = -(-len(parts) // hands)
        shares = [parts[start : start + share] for start in range(0, len(parts), share)]
        theirs = [others.submit(run, mine) for mine in shares[1:]]
        found = run(shares[0])
        return [*found, *(result for share in theirs for result in share.result())]


def automatic_threads() -> int:
    """Most threads of a call where nobody says: one core is left to the rest of the robot."""
    return max(1, min(_MOST_THREADS, Host().cores - 1))


def _parts(batch: int, keypoints: int, threads: int) -> list[slice]:
    """Cut a batch so that parts fit the caches, and every thread gets one worth its while."""
    tokens = batch * keypoints
    hands = max(1, min(threads, tokens // SMALLEST_PART))
    count = max(-(-tokens // LARGEST_PART), hands)
    count = -(-count // hands) * hands  # every thread has equally many
    size = max(1, -(-batch // count))
    return [slice(start, start + size) for start in range(0, max(batch, 1), size)]


def _session(path: str) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(path, options, providers=[_PROVIDER])
    except Exception as error:  # ONNX Runtime raises many types, none of them public.
        raise EngineError(f"ONNX Runtime cannot load {path}: {error}") from error
    # It falls back to other providers without an error.
    if session.get_providers() != [_PROVIDER]:
        raise EngineError(
            f"ONNX Runtime runs on {session.get_providers()} instead of {_PROVIDER}; {_INSTALL}"
        )
    return session
