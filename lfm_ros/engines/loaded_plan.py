"""A plan that NVIDIA's library has loaded, and all that differs between versions when it runs.

``tensorrt`` 8.6, 10.3, 10.16, 11.4 and ``tensorrt_rtx`` 1.7 differ in four places:

===============================  ====  =====  ======  =====  ======
                                  8.6   10.3   10.16   11.4  RTX 1.7
===============================  ====  =====  ======  =====  ======
context without its own memory    (1)   (2)    (2)     (2)    (3)
scratch memory for a size         no    yes    yes     yes    yes
``context.set_device_memory``     no    yes    yes     yes    yes
records CUDA graphs itself        no    no     no      no     yes
===============================  ====  =====  ======  =====  ======

(1) ``create_execution_context_without_device_memory``; (2) an allocation strategy;
(3) an allocation strategy in a runtime configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.buckets import Bucket, Tensor
from lfm_ros.engines.nvidia import NvidiaModule
from lfm_ros.engines.profiles import Shape, choose, dimensions

_DTYPES = {"FLOAT": "f4", "HALF": "f2", "INT64": "i8", "INT32": "i4"}


class PlanError(EngineError):
    """The library does not load the plan: it is damaged, or for another version or GPU."""


class LoadedPlan:
    """A deserialised engine.

    Args:
        plan: The serialised engine.
        nvidia: The library that built it.
        described: What the model's manifest says of the inputs, by name.

    Raises:
        PlanError: The library does not load it.

    Attributes:
        inputs: Names of the inputs that the network kept.
        outputs: Names of the outputs.
        records_itself: Whether the library records and replays CUDA graphs itself.
    """

    def __init__(self, plan: bytes, nvidia: NvidiaModule, described: Mapping[str, str]) -> None:
        self._nvidia = nvidia
        self._described = described
        self._runtime = nvidia.module.Runtime(nvidia.logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise PlanError(
                f"{nvidia.name} {nvidia.version} does not load the plan: {nvidia.log.last_error()}"
            )
        engine, mode = self._engine, nvidia.module.TensorIOMode
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        self.inputs = [n for n in names if engine.get_tensor_mode(n) == mode.INPUT]
        self.outputs = [n for n in names if engine.get_tensor_mode(n) == mode.OUTPUT]
        self.records_itself = hasattr(nvidia.module, "CudaGraphStrategy")

    def context(self, bucket: Bucket, stream: int) -> Any:
        """A context for one size, whose scratch memory is still to be given.

        Raises:
            EngineError: The library makes none, or refuses the size.
        """
        context = self._made_context()
        if context is None:
            raise EngineError(self._refusal("makes no execution context"))
        shape = Shape(bucket.batch, bucket.keypoints)
        accepted = context.set_optimization_profile_async(choose(*shape), stream)
        for name in self.inputs:
            dims = dimensions(self._described[name], shape, bucket.rigs)
            accepted = accepted and context.set_input_shape(name, dims)
        if not accepted:
            raise EngineError(self._refusal(f"refuses {bucket}"))
        return context

    def scratch_size(self, context: Any) -> int:
        """Bytes of GPU memory that a context needs while it runs."""
        if hasattr(context, "update_device_memory_size_for_shapes"):
            return int(context.update_device_memory_size_for_shapes())
        return int(self._engine.device_memory_size)

    def give_scratch(self, context: Any, address: int, size: int) -> None:
        """Give a context the memory to work in."""
        if hasattr(context, "set_device_memory"):
            context.set_device_memory(address, size)
        else:
            context.device_memory = address

    def tensors(self, names: list[str], context: Any) -> list[Tensor]:
        """Shapes and types of tensors at the size of a context."""
        return [
            Tensor(name, tuple(context.get_tensor_shape(name)), self._dtype(name)) for name in names
        ]

    def enqueue(self, context: Any, stream: int) -> None:
        """Queue the network.

        Raises:
            EngineError: The library refused. Inside a recording, the recording is then worthless.
        """
        if not context.execute_async_v3(stream):
            raise EngineError(self._refusal("could not queue the network"))

    def close(self) -> None:
        """Let go of engine and runtime, in the order that the library wants."""
        self._engine = None
        self._runtime = None

    def _dtype(self, name: str) -> np.dtype:
        return np.dtype(_DTYPES[self._engine.get_tensor_dtype(name).name])

    def _made_context(self) -> Any:
        module, engine = self._nvidia.module, self._engine
        strategy = getattr(module, "ExecutionContextAllocationStrategy", None)
        if strategy is None:
            return engine.create_execution_context_without_device_memory()
        if not self.records_itself:
            return engine.create_execution_context(strategy.USER_MANAGED)
        config = engine.create_runtime_config()
        config.set_execution_context_allocation_strategy(strategy.USER_MANAGED)
        config.cuda_graph_strategy = module.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        return engine.create_execution_context(config)

    def _refusal(self, what: str) -> str:
        return (
            f"{self._nvidia.name} {self._nvidia.version} {what}: {self._nvidia.log.last_error()}; "
            "use the backend onnxruntime, and report this"
        )
