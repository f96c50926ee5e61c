"""A GPU through pycuda.

pycuda's contexts belong to a thread, and its ``autoinit`` makes one of its own that torch and
others do not share. So the primary context is retained, and pushed and popped around each use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lfm_ros.engines.cuda.device import CudaError, Stream, out_of_memory
from lfm_ros.engines.cuda.graph import DriverGraph, drop_current_context, record

_NON_BLOCKING = 1


def _allocated(cuda: Any, allocate: Callable[[], Any], size: int) -> Any:
    try:
        return allocate()
    except cuda.MemoryError as error:
        raise out_of_memory(size) from error


class PycudaStream:
    """See ``device.Stream``."""

    def __init__(self, cuda: Any) -> None:
        self._error = cuda.Error
        self.queue = cuda.Stream(_NON_BLOCKING)
        self.handle = int(self.queue.handle)

    def synchronize(self) -> None:
        """Wait until all work is done."""
        try:
            self.queue.synchronize()
        except self._error as error:
            raise CudaError(f"the GPU failed: {error}") from error

    def free(self) -> None:
        """Give it back."""
        self.queue = None


class PycudaScratch:
    """See ``device.Scratch``."""

    def __init__(self, cuda: Any, size: int) -> None:
        self._memory = _allocated(cuda, lambda: cuda.mem_alloc(size), size)
        self.address = int(self._memory)

    def free(self) -> None:
        """Give it back."""
        if self._memory is not None:
            self._memory.free()
            self._memory = None


class PycudaBlock:
    """See ``device.Block``."""

    def __init__(self, cuda: Any, size: int) -> None:
        self._cuda = cuda
        self.host = _allocated(cuda, lambda: cuda.pagelocked_empty(size, np.uint8), size)
        try:
            self._memory = _allocated(cuda, lambda: cuda.mem_alloc(size), size)
        except CudaError:
            self.host.base.free()
            raise
        self.address = int(self._memory)

    def upload(self, size: int, stream: PycudaStream) -> None:
        """Queue the copy to the GPU."""
        self._cuda.memcpy_htod_async(self.address, self.host[:size], stream.queue)

    def download(self, size: int, stream: PycudaStream) -> None:
        """Queue the copy from the GPU."""
        self._cuda.memcpy_dtoh_async(self.host[:size], self.address, stream.queue)

    def free(self) -> None:
        """Give it back."""
        if self._memory is not None:
            self._memory.free()
            self.host.base.free()
            self._memory = None


class PycudaMapped:
    """See ``device.Block``: page-locked memory that an integrated GPU reads and writes itself."""

    def __init__(self, cuda: Any, size: int) -> None:
        flags = cuda.host_alloc_flags.DEVICEMAP
        self.host = _allocated(
            cuda, lambda: cuda.pagelocked_empty(size, np.uint8, mem_flags=flags), size
        )
        self.address = int(self.host.base.get_device_pointer())
        self._held = True

    def upload(self, size: int, stream: PycudaStream) -> None:
        """Nothing: it is there already."""

    def download(self, size: int, stream: PycudaStream) -> None:
        """Nothing: it is here already."""

    def free(self) -> None:
        """Give it back."""
        if self._held:
            self.host.base.free()
            self._held = False


class PycudaDevice:
    """See ``device.Device``.

    Raises:
        ImportError: pycuda is not installed, or finds no driver.
        CudaError: There is a driver but no GPU that it can use.
    """

    library = "pycuda"

    def __init__(self, ordinal: int = 0) -> None:
        import pycuda.driver as cuda

        self._cuda = cuda
        try:
            cuda.init()
            gpu = cuda.Device(ordinal)
            self._context = gpu.retain_primary_context()
        except cuda.Error as error:
            raise CudaError(str(error)) from error
        self.name = gpu.name()
        self.compute_capability = gpu.compute_capability()
        version = cuda.get_driver_version()
        self.driver = f"{version // 1000}.{version % 1000 // 10}"
        self.integrated = bool(gpu.get_attribute(cuda.device_attribute.INTEGRATED))

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the primary context current in this thread."""
        self._context.push()
        try:
            yield
        except self._cuda.Error as error:
            raise CudaError(f"the GPU failed: {error}") from error
        finally:
            self._cuda.Context.pop()

    def stream(self) -> PycudaStream:
        """A stream of its own."""
        return PycudaStream(self._cuda)

    def block(self, size: int) -> PycudaBlock | PycudaMapped:
        """Memory for both sides."""
        return (PycudaMapped if self.integrated else PycudaBlock)(self._cuda, size)

    def scratch(self, size: int) -> PycudaScratch:
        """Memory for the GPU alone."""
        return PycudaScratch(self._cuda, size)

    def capture(self, stream: Stream, enqueue: Callable[[], None]) -> DriverGraph:
        """Record what ``enqueue`` queues on the stream."""
        return record(stream, enqueue)

    def close(self) -> None:
        """Release the context."""
        if self._context is None:
            return
        # pycuda only releases what is current in this thread, and then forgets to take a primary
        # context off the driver's stack.
        self._context.push()
        self._context.detach()
        self._context = None
        if self._cuda.Context.get_current() is None:
            drop_current_context()
