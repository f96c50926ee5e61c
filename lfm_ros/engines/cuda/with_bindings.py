"""A GPU through NVIDIA's own ``cuda-python`` (the package ``cuda-bindings``).

It comes as a ready wheel for desktops and for Jetson, where pycuda has to be compiled.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.engines.cuda.device import CudaError, Stream, out_of_memory
from lfm_ros.engines.cuda.graph import DriverGraph, record

_OUT_OF_MEMORY = 2
_NON_BLOCKING = 1
_MAPPED = 2


class _Calls:
    """The driver's functions, whose error codes become exceptions."""

    def __init__(self) -> None:
        from cuda.bindings import driver

        self.names = driver

    def __call__(self, name: str, *arguments: object) -> Any:
        code, *values = getattr(self.names, name)(*arguments)
        if int(code):
            raise CudaError(f"the CUDA driver answered {name} with {code.name}")
        return values[0] if len(values) == 1 else values

    def allocated(self, name: str, size: int, *flags: int) -> Any:
        code, value = getattr(self.names, name)(size, *flags)
        if int(code) == _OUT_OF_MEMORY:
            raise out_of_memory(size)
        if int(code):
            raise CudaError(f"the CUDA driver answered {name} with {code.name}")
        return value


def _array(address: int, size: int) -> NDArray[np.uint8]:
    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), np.uint8)


class BindingsStream:
    """See ``device.Stream``."""

    def __init__(self, call: _Calls) -> None:
        self._call = call
        self.queue = call("cuStreamCreate", _NON_BLOCKING)
        self.handle = int(self.queue)

    def synchronize(self) -> None:
        """Wait until all work is done."""
        self._call("cuStreamSynchronize", self.queue)

    def free(self) -> None:
        """Give it back."""
        if self.handle:
            self._call("cuStreamDestroy", self.queue)
            self.handle = 0


class BindingsScratch:
    """See ``device.Scratch``."""

    def __init__(self, call: _Calls, size: int) -> None:
        self._call = call
        self.address = int(call.allocated("cuMemAlloc", size))

    def free(self) -> None:
        """Give it back."""
        if self.address:
            self._call("cuMemFree", self.address)
            self.address = 0


class BindingsBlock:
    """See ``device.Block``."""

    def __init__(self, call: _Calls, size: int) -> None:
        self._call = call
        self._host = int(call.allocated("cuMemHostAlloc", size, 0))
        self.host = _array(self._host, size)
        try:
            self.address = int(call.allocated("cuMemAlloc", size))
        except CudaError:
            call("cuMemFreeHost", self._host)
            raise

    def upload(self, size: int, stream: BindingsStream) -> None:
        """Queue the copy to the GPU."""
        self._call("cuMemcpyHtoDAsync", self.address, self._host, size, stream.queue)

    def download(self, size: int, stream: BindingsStream) -> None:
        """Queue the copy from the GPU."""
        self._call("cuMemcpyDtoHAsync", self._host, self.address, size, stream.queue)

    def free(self) -> None:
        """Give it back."""
        if self.address:
            self._call("cuMemFree", self.address)
            self._call("cuMemFreeHost", self._host)
            self.address = 0


class BindingsMapped:
    """See ``device.Block``: page-locked memory that an integrated GPU reads and writes itself."""

    def __init__(self, call: _Calls, size: int) -> None:
        self._call = call
        self._host = int(call.allocated("cuMemHostAlloc", size, _MAPPED))
        self.host = _array(self._host, size)
        self.address = int(call("cuMemHostGetDevicePointer", self._host, 0))

    def upload(self, size: int, stream: BindingsStream) -> None:
        """Nothing: it is there already."""

    def download(self, size: int, stream: BindingsStream) -> None:
        """Nothing: it is here already."""

    def free(self) -> None:
        """Give it back."""
        if self.address:
            self._call("cuMemFreeHost", self._host)
            self.address = 0


class BindingsDevice:
    """See ``device.Device``.

    Raises:
        ImportError: cuda-python is not installed, or finds no driver.
        CudaError: There is a driver but no GPU that it can use.
    """

    library = "cuda-python"

    def __init__(self, ordinal: int = 0) -> None:
        self._call = call = _Calls()
        try:
            call("cuInit", 0)
        except RuntimeError as error:  # its loader's own, which has no public type
            raise ImportError(str(error)) from error
        self._gpu = gpu = call("cuDeviceGet", ordinal)
        attribute = call.names.CUdevice_attribute
        major, minor, integrated = (
            call("cuDeviceGetAttribute", a, gpu)
            for a in (
                attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                attribute.CU_DEVICE_ATTRIBUTE_INTEGRATED,
            )
        )
        version = call("cuDriverGetVersion")
        self.name = bytes(call("cuDeviceGetName", 256, gpu)).split(b"\0")[0].decode()
        self.compute_capability = (int(major), int(minor))
        self.driver = f"{version // 1000}.{version % 1000 // 10}"
        self.integrated = bool(integrated)
        self._context = call("cuDevicePrimaryCtxRetain", gpu)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the primary context current in this thread."""
        self._call("cuCtxPushCurrent", self._context)
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent")

    def stream(self) -> BindingsStream:
        """A stream of its own."""
        return BindingsStream(self._call)

    def block(self, size: int) -> BindingsBlock | BindingsMapped:
        """Memory for both sides."""
        return (BindingsMapped if self.integrated else BindingsBlock)(self._call, size)

    def scratch(self, size: int) -> BindingsScratch:
        """Memory for the GPU alone."""
        return BindingsScratch(self._call, size)

    def capture(self, stream: Stream, enqueue: Callable[[], None]) -> DriverGraph:
        """Record what ``enqueue`` queues on the stream."""
        return record(stream, enqueue)

    def close(self) -> None:
        """Release the context."""
        if self._context is not None:
            self._call("cuDevicePrimaryCtxRelease", self._gpu)
            self._context = None
