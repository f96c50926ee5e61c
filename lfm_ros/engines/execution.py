"""One size of call on the GPU: a context, its tensors in memory, and its recorded graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Arrays
from lfm_ros.engines.buckets import Bucket, Layout, padded_into
from lfm_ros.engines.cuda.device import Block, Device, Graph, Scratch, Stream
from lfm_ros.engines.loaded_plan import LoadedPlan

_SMALLEST = 1 << 20  # bytes; most robots never need more
Held = TypeVar("Held", Block, Scratch)


class Sizes(NamedTuple):
    """Bytes that one size of call needs."""

    inputs: int
    outputs: int
    scratch: int


class Workspace:
    """Memory that all sizes share, since calls run one after the other.

    It is allocated once, and again only when a call comes that is larger than any before.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._held: list[Block | Scratch] = []
        self._sizes = [0, 0, 0]

    def holds(self, sizes: Sizes) -> bool:
        """Whether there is room."""
        return all(wanted <= there for wanted, there in zip(sizes, self._sizes, strict=True))

    def grow(self, sizes: Sizes) -> None:
        """Make room. Whatever knew the old addresses must be thrown away first.

        Raises:
            GpuMemoryError: There is none left. What was there before is given back.
        """
        pairs = zip(sizes, self._sizes, strict=True)
        wanted = [max(size, there, _SMALLEST) for size, there in pairs]
        self.free()
        try:
            self.inputs = self._kept(self._device.block(wanted[0]))
            self.outputs = self._kept(self._device.block(wanted[1]))
            self.scratch = self._kept(self._device.scratch(wanted[2]))
        except EngineError:
            self.free()
            raise
        self._sizes = wanted

    def free(self) -> None:
        """Give everything back."""
        while self._held:
            self._held.pop().free()
        self._sizes = [0, 0, 0]

    def _kept(self, memory: Held) -> Held:
        self._held.append(memory)
        return memory


class Execution:
    """Runs the network at one size.

    Each has a context of its own: NVIDIA wants one for every recorded graph, since a context that
    changes its shapes changes what its graphs would replay. The scratch memory is shared.

    Args:
        plan: The loaded engine.
        bucket: The size.
        device: The GPU.
        stream: Where to queue the work.

    Raises:
        EngineError: The library refuses the size.

    Attributes:
        sizes: What it needs of the workspace.
    """

    def __init__(self, plan: LoadedPlan, bucket: Bucket, device: Device, stream: Stream) -> None:
        self.bucket = bucket
        self._plan, self._device, self._stream = plan, device, stream
        self._context: Any = plan.context(bucket, stream.handle)
        self._inputs = Layout(plan.tensors(plan.inputs, self._context))
        self._outputs = Layout(plan.tensors(plan.outputs, self._context))
        scratch = plan.scratch_size(self._context)
        self.sizes = Sizes(self._inputs.size, self._outputs.size, scratch)
        self._graph: Graph | None = None
        self._may_record = not plan.records_itself
        self._runs = 0

    def bind(self, workspace: Workspace) -> None:
        """Say where everything lies."""
        inputs, outputs = self._memory = (workspace.inputs, workspace.outputs)
        self._plan.give_scratch(self._context, workspace.scratch.address, self.sizes.scratch)
        for block, layout in ((inputs, self._inputs), (outputs, self._outputs)):
            for name, offset in layout.offsets.items():
                self._context.set_tensor_address(name, block.address + offset)
        self._given = self._inputs.views(inputs.host)
        self._found = self._outputs.views(outputs.host)

    def run(self, inputs: Arrays, notice: Callable[[str], None]) -> dict[str, NDArray[Any]]:
        """Run the network once.

        Args:
            inputs: At most of the bucket's size.
            notice: Told where the work cannot be recorded.

        Returns:
            Outputs at the bucket's size, in memory that the next run overwrites.

        Raises:
            EngineError: The library or the GPU failed.
        """
        for name, view in self._given.items():
            padded_into(view, inputs[name])
        if self._graph is not None:
            self._graph.launch()
        else:
            self._enqueue()
        self._stream.synchronize()
        self._runs += 1
        # A size that comes once is not worth recording. The run before has settled the context.
        if self._runs == 2 and self._may_record:
            self._record(notice)
        return self._found

    def free(self) -> None:
        """Give graph and context back."""
        if self._graph is not None:
            self._graph.free()
        self._graph = None
        self._context = None

    def _enqueue(self) -> None:
        inputs, outputs = self._memory
        inputs.upload(self._inputs.size, self._stream)
        self._plan.enqueue(self._context, self._stream.handle)
        outputs.download(self._outputs.size, self._stream)

    def _record(self, notice: Callable[[str], None]) -> None:
        try:
            self._graph = self._device.capture(self._stream, self._enqueue)
        except EngineError as error:
            notice(
                f"calls of up to {self.bucket.batch} x {self.bucket.keypoints} keypoints run "
                f"without a CUDA graph, since none can be recorded: {error}"
            )


def outputs_of(
    found: dict[str, NDArray[Any]], batch: int, keypoints: int
) -> dict[str, NDArray[np.float32]]:
    """Copies of what belongs to the call, without the padding."""
    return {name: np.array(view[:batch, :keypoints], np.float32) for name, view in found.items()}
