"""CUDA graphs through the driver's own functions.

pycuda has no graphs. The driver's state belongs to the process, so its functions may be called
beside either library, on the handles that the library made.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

from lfm_ros.engines.cuda.device import CudaError, Stream

_THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads of the process may go on using CUDA."""


@cache
def _driver() -> ctypes.CDLL:
    driver = ctypes.CDLL("libcuda.so.1")
    pointer, out = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
    for name, arguments in {
        "cuStreamBeginCapture_v2": [pointer, ctypes.c_int],
        "cuStreamEndCapture": [pointer, out],
        "cuGraphInstantiateWithFlags": [out, pointer, ctypes.c_ulonglong],
        "cuGraphDestroy": [pointer],
        "cuGraphExecDestroy": [pointer],
        "cuGraphLaunch": [pointer, pointer],
        "cuCtxPopCurrent_v2": [out],
    }.items():
        getattr(driver, name).argtypes = arguments
    return driver


def _call(name: str, *arguments: object) -> None:
    code = getattr(_driver(), name)(*arguments)
    if code:
        raise CudaError(f"the CUDA driver answered {name} with error {code}")


def drop_current_context() -> None:
    """Take the context on top off this thread's stack."""
    _call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


def record(stream: Stream, enqueue: Callable[[], None]) -> DriverGraph:
    """Record what ``enqueue`` queues on the stream; see ``device.Device.capture``.

    An ``enqueue`` that fails must raise. What was recorded until then is thrown away: it would
    replay without a complaint and leave the previous call's results in place.
    """
    recorded = ctypes.c_void_p()
    _call("cuStreamBeginCapture_v2", stream.handle, _THREAD_LOCAL)
    try:
        enqueue()
    except BaseException:
        _driver().cuStreamEndCapture(stream.handle, ctypes.byref(recorded))
        if recorded:
            _driver().cuGraphDestroy(recorded)
        raise
    _call("cuStreamEndCapture", stream.handle, ctypes.byref(recorded))
    try:
        executable = ctypes.c_void_p()
        _call("cuGraphInstantiateWithFlags", ctypes.byref(executable), recorded, 0)
    finally:
        _driver().cuGraphDestroy(recorded)
    return DriverGraph(executable, stream)


class DriverGraph:
    """See ``device.Graph``."""

    def __init__(self, executable: ctypes.c_void_p, stream: Stream) -> None:
        self._executable = executable
        self._stream = stream

    def launch(self) -> None:
        """Queue it on the stream that it was recorded on."""
        _call("cuGraphLaunch", self._executable, self._stream.handle)

    def free(self) -> None:
        """Give it back. Calling it twice is harmless."""
        if self._executable:
            _driver().cuGraphExecDestroy(self._executable)
            self._executable = ctypes.c_void_p()
