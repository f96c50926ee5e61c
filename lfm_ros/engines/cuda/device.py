"""What an engine needs of a GPU, whichever library provides it.

Everything but ``Device.current`` wants the device's context to be current in the calling thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError


class CudaError(EngineError):
    """A call into the CUDA driver failed."""


class GpuMemoryError(CudaError):
    """The GPU has no memory left."""


def out_of_memory(size: int) -> GpuMemoryError:
    """The error for an allocation of ``size`` bytes that failed."""
    return GpuMemoryError(
        f"the GPU has no {size / 2**20:.1f} MiB of memory left; end what else uses it "
        "(nvidia-smi, or tegrastats on a Jetson, shows it), send fewer instances a call, or use "
        "the backend onnxruntime"
    )


class Stream(Protocol):
    """A queue of work for the GPU."""

    handle: int
    """The driver's ``CUstream``, as TensorRT takes it."""

    def synchronize(self) -> None:
        """Wait until all work is done."""
        ...

    def free(self) -> None:
        """Give it back. Calling it twice is harmless."""
        ...


class Scratch(Protocol):
    """Memory of the GPU that the host never sees."""

    address: int

    def free(self) -> None:
        """Give it back. Calling it twice is harmless."""
        ...


class Block(Protocol):
    """Page-locked host memory and the same number of bytes for the GPU.

    On an integrated GPU (Jetson) both are the same memory, and nothing is copied.
    """

    host: NDArray[np.uint8]
    address: int
    """Where the GPU finds it."""

    def upload(self, size: int, stream: Stream) -> None:
        """Queue the copy of the first ``size`` bytes to the GPU."""
        ...

    def download(self, size: int, stream: Stream) -> None:
        """Queue the copy of the first ``size`` bytes from the GPU."""
        ...

    def free(self) -> None:
        """Give it back. Calling it twice is harmless."""
        ...


class Graph(Protocol):
    """Recorded work that is queued again with a single call."""

    def launch(self) -> None:
        """Queue it on the stream that it was recorded on."""
        ...

    def free(self) -> None:
        """Give it back. Calling it twice is harmless."""
        ...


class Device(Protocol):
    """One GPU."""

    library: str
    """What provides it: ``pycuda`` or ``cuda-python``."""
    name: str
    compute_capability: tuple[int, int]
    """Such as (8, 7)."""
    driver: str
    """The CUDA version that the driver supports, such as ``12.6``."""
    integrated: bool
    """Whether it shares its memory with the CPU, as on a Jetson."""

    def current(self) -> AbstractContextManager[None]:
        """Make the primary context current in this thread for the length of a ``with``."""
        ...

    def stream(self) -> Stream:
        """A stream of its own, which does not wait for the default stream."""
        ...

    def block(self, size: int) -> Block:
        """Memory for both sides.

        Raises:
            GpuMemoryError: There is none left.
        """
        ...

    def scratch(self, size: int) -> Scratch:
        """Memory for the GPU alone.

        Raises:
            GpuMemoryError: There is none left.
        """
        ...

    def capture(self, stream: Stream, enqueue: Callable[[], None]) -> Graph:
        """Record what ``enqueue`` queues on the stream instead of running it.

        Raises:
            EngineError: ``enqueue`` raised it, or the work cannot be recorded.
        """
        ...

    def close(self) -> None:
        """Release the context. Calling it twice is harmless."""
        ...
