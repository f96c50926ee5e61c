"""A GPU whose memory is this process's own, behind the protocol of ``lfm_ros.engines.cuda``.

Like ``stand_in_libcuda.c`` it carries out late, and refuses what a real driver refuses. It stands
in for the two libraries too, so that the engine's own logic is tested without either.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np

from lfm_ros.engines.cuda.device import CudaError, GpuMemoryError, out_of_memory


class StandInGpu:
    """One GPU.

    Attributes:
        journal: What was asked of it, in order.
        free: Bytes of memory that are left.
        live: What was made and not given back.
        refuses_capture: Whether recordings come to nothing.
    """

    library = "stand-in"
    name = "Stand-in GPU"
    driver = "12.6"

    def __init__(self, integrated=False, memory=1 << 30, compute_capability=(8, 7)):
        self.compute_capability = compute_capability
        self.integrated, self.free = integrated, memory
        self.journal, self.live, self.closed = [], set(), 0
        self.refuses_capture = False
        self.queue, self.recording = [], None
        self._current = threading.local()
        self.together, self.most_together = 0, 0

    @contextmanager
    def current(self):
        assert not self.closed, "the context was used after it was released"
        self._current.depth = getattr(self._current, "depth", 0) + 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            yield
        finally:
            self.together -= 1
            self._current.depth -= 1

    def called(self, what):
        if not getattr(self._current, "depth", 0):
            raise CudaError(f"{what} without a current context")
        self.journal.append(what)

    def enqueue(self, work):
        (self.queue if self.recording is None else self.recording).append(work)

    def stream(self):
        self.called("stream")
        return _Stream(self)

    def block(self, size):
        return _Memory(self, size, "mapped" if self.integrated else "block")

    def scratch(self, size):
        return _Memory(self, size, "scratch")

    def capture(self, stream, enqueue):
        self.called("capture")
        self.recording = []
        try:
            enqueue()
            recorded = self.recording
        finally:
            self.recording = None
        if self.refuses_capture:
            raise CudaError("the CUDA driver answered cuStreamEndCapture with error 901")
        return _Graph(self, recorded)

    def close(self):
        self.closed += 1


class _Held:
    def __init__(self, gpu, what):
        gpu.called(what)
        self.gpu = gpu
        gpu.live.add(self)

    def free(self):
        if self in self.gpu.live:
            self.gpu.called("free")
            self.gpu.live.remove(self)


class _Stream(_Held):
    handle = 77

    def __init__(self, gpu):
        super().__init__(gpu, "stream")

    def synchronize(self):
        self.gpu.called("synchronize")
        if self.gpu.recording is not None:
            raise CudaError("waiting inside a recording")
        for work in self.gpu.queue:
            work()
        self.gpu.queue.clear()


class _Memory(_Held):
    def __init__(self, gpu, size, kind):
        if gpu.recording is not None:
            raise CudaError("an allocation inside a recording")
        if size > gpu.free:
            raise out_of_memory(size)
        gpu.free -= size
        super().__init__(gpu, kind)
        self.size, self.kind = size, kind
        # Memory that nobody wrote is not zero.
        self.host = np.full(size, 0xAB, np.uint8)
        self.device = self.host if kind == "mapped" else np.full(size, 0xCD, np.uint8)
        self.address = self.device.ctypes.data

    def upload(self, size, stream):
        self.gpu.called("upload")
        self._copy(self.device, self.host, size)

    def download(self, size, stream):
        self.gpu.called("download")
        self._copy(self.host, self.device, size)

    def _copy(self, to, source, size):
        if self.kind != "mapped":
            self.gpu.enqueue(lambda: self._carry_out(to, source, size))

    def _carry_out(self, to, source, size):
        assert self in self.gpu.live, "a copy from or to memory that was given back"
        np.copyto(to[:size], source[:size])

    def free(self):
        if self in self.gpu.live:
            self.gpu.free += self.size
        super().free()


class _Graph(_Held):
    def __init__(self, gpu, recorded):
        super().__init__(gpu, "graph")
        self.recorded = recorded

    def launch(self):
        self.gpu.called("launch")
        self.gpu.queue.extend(self.recorded)


__all__ = ["GpuMemoryError", "StandInGpu"]
