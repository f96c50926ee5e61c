"""NVIDIA's TensorRT, and TensorRT for RTX: the model's plan on the GPU."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import profiles
from lfm_ros.engines.base import Arrays, Engine, Notice
from lfm_ros.engines.buckets import Bucket, bucket
from lfm_ros.engines.cuda.device import Device
from lfm_ros.engines.execution import Execution, Workspace, outputs_of
from lfm_ros.engines.loaded_plan import LoadedPlan
from lfm_ros.engines.nvidia import NvidiaModule
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.engines.parts import cut, joined
from lfm_ros.models import Model

#: Sizes that stay prepared. Each holds a context and a graph, some hundred kilobytes.
PREPARED = 24


class TensorRTEngine:
    """A plan on a GPU.

    Calls run one after the other, from whatever thread they come. A call larger than a profile is
    cut, and one with more keypoints than any profile goes to ONNX Runtime, which is said once.

    Args:
        model: The model.
        plan: What NVIDIA's library has built of it.
        nvidia: That library.
        device: The GPU.
        notice: Told in a sentence what the user should know.
        larger: Makes the engine for more keypoints than a plan takes.
    """

    def __init__(
        self,
        model: Model,
        plan: bytes,
        nvidia: NvidiaModule,
        device: Device,
        notice: Notice,
        larger: Callable[[], Engine] | None = None,
    ) -> None:
        self.name = nvidia.name
        self._device, self._notice = device, notice
        self._larger = larger or (lambda: OnnxRuntimeEngine(model))
        self._fallback: Engine | None = None
        self._lock = threading.Lock()
        self._prepared: OrderedDict[Bucket, Execution] = OrderedDict()
        self._closed = False
        with device.current():
            self._plan = LoadedPlan(plan, nvidia, model.manifest["inputs"])
            self._stream = device.stream()
            self._workspace = Workspace(device)

    def infer(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network once; see ``lfm_ros.engines.base.Engine``."""
        batch, keypoints = np.shape(inputs["confidence"])
        with self._lock:
            if self._closed:
                raise EngineError("this engine is closed; make a new Lifter")
            if keypoints > profiles.MOST_KEYPOINTS:
                return self._in_onnx_runtime(inputs, keypoints)
            with self._device.current():
                padded = bucket(1, keypoints, 1).keypoints
                parts = profiles.split(max(batch, 1), padded)
                found = [self._run(cut(inputs, part)) for part in parts]
        return joined(found)

    def close(self) -> None:
        """Give back what the GPU holds, after the call that is running."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with self._device.current():
                self._forget()
                self._workspace.free()
                self._stream.free()
                self._plan.close()
            self._device.close()
            if self._fallback is not None:
                self._fallback.close()

    def _run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        batch, keypoints = inputs["confidence"].shape
        execution = self._prepare(bucket(max(batch, 1), keypoints, len(inputs["adjacency"])))
        return outputs_of(execution.run(inputs, self._notice), batch, keypoints)

    def _prepare(self, size: Bucket) -> Execution:
        execution = self._prepared.get(size)
        if execution is None:
            execution = Execution(self._plan, size, self._device, self._stream)
            if not self._workspace.holds(execution.sizes):
                self._forget()  # they know the addresses that now change
                self._workspace.grow(execution.sizes)
            execution.bind(self._workspace)
            self._prepared[size] = execution
        self._prepared.move_to_end(size)
        while len(self._prepared) > PREPARED:
            self._prepared.popitem(last=False)[1].free()
        return execution

    def _forget(self) -> None:
        for execution in self._prepared.values():
            execution.free()
        self._prepared.clear()

    def _in_onnx_runtime(self, inputs: Arrays, keypoints: int) -> dict[str, NDArray[np.float32]]:
        if self._fallback is None:
            self._fallback = self._larger()
            self._notice(
                f"calls of more than {profiles.MOST_KEYPOINTS} keypoints ({keypoints}) run in "
                "ONNX Runtime on the CPU: no TensorRT engine takes as many"
            )
        return self._fallback.infer(inputs)
