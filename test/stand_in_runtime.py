"""The running half of ``stand_in_tensorrt``. Names of methods and arguments are the real ones."""

from __future__ import annotations

import ctypes
import json
import re
from collections import Counter
from enum import IntEnum
from functools import lru_cache

import numpy as np
import onnxruntime

MAGIC = b"stand-in plan "
FIXED_SCRATCH = 1 << 16
KINDS = {"tensor(float)": "f4", "tensor(int32)": "i4", "tensor(int64)": "i8"}


@lru_cache(maxsize=8)
def session_of(onnx):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx, options)


def fail(logger, text, answer=False):
    logger.log(Logger.Severity.ERROR, text)
    return answer


class Logger:
    Severity = IntEnum("Severity", {"INTERNAL_ERROR": 0, "ERROR": 1, "WARNING": 2, "INFO": 3})

    def __init__(self):
        pass


class Runtime:
    def __init__(self, logger):
        self.logger = logger

    def deserialize_cuda_engine(self, serialized_engine):
        match = re.match(re.escape(MAGIC) + rb"(\{.*?\})\n", serialized_engine, re.S)
        if match is None:
            return fail(self.logger, "the plan's magic tag does not match", None)
        head, onnx = json.loads(match.group(1)), serialized_engine[match.end() :]
        expected = self.library.__version__
        if head["version"] != expected:
            text = f"the plan is of version {head['version']}, expected {expected}"
            return fail(self.logger, text, None)
        if head["size"] != len(onnx):
            return fail(self.logger, "the plan is truncated", None)
        return self.library.ICudaEngine(head, onnx, self.logger)


class RuntimeConfig:
    def set_execution_context_allocation_strategy(self, strategy):
        self._strategy = strategy

    def get_execution_context_allocation_strategy(self):
        return self._strategy


class GraphConfig(RuntimeConfig):
    """Of a library that records graphs itself."""

    cuda_graph_strategy = None


class Engine:
    def __init__(self, head, onnx, logger):
        self._head, self._logger = head, logger
        self._session = session_of(onnx)
        modes = self.library.TensorIOMode
        self._modes = {i.name: modes.INPUT for i in self._session.get_inputs()}
        self._modes |= {o.name: modes.OUTPUT for o in self._session.get_outputs()}
        both = (*self._session.get_inputs(), *self._session.get_outputs())
        self._types = {tensor.name: tensor.type for tensor in both}
        self._tails = {o.name: o.shape[2:] for o in self._session.get_outputs()}
        self._users = Counter()

    @property
    def num_io_tensors(self):
        return len(self._modes)

    def get_tensor_name(self, index):
        return list(self._modes)[index]

    def get_tensor_mode(self, name):
        return self._modes[name]

    def get_tensor_dtype(self, name):
        if self._types[name] == "tensor(float)":
            return self.library.DataType.FLOAT
        wide = self._types[name] == "tensor(int64)" and self.library.stand_in.has.int64
        return self.library.DataType["INT64" if wide else "INT32"]

    def _context(self, how):
        self.library.stand_in.journal.append(f"context {how}")
        if self.library.stand_in.refuse_context:
            return fail(self._logger, "out of memory while a context was made", None)
        return self.library.IExecutionContext(self)


class MadeByStrategy(Engine):
    def create_execution_context(self, strategy=None):
        return self._context(getattr(strategy, "_strategy", strategy).name)


class MadeWithoutMemory(Engine):
    device_memory_size = FIXED_SCRATCH

    def create_execution_context_without_device_memory(self):
        return self._context("WITHOUT_MEMORY")


class MadeByConfig(Engine):
    def create_runtime_config(self):
        return self.library.IRuntimeConfig()


class Context:
    def __init__(self, engine):
        self._engine, self._logger = engine, engine._logger
        self._told = self.library.stand_in
        self._profile = None
        self._shapes, self._addresses = {}, {}
        self._scratch, self._settled = 0, False

    def __del__(self):
        self._engine._users[self._profile] -= 1

    def set_optimization_profile_async(self, profile_index, stream_handle):
        self._told.journal.append(f"profile {profile_index}")
        if self._engine._users[profile_index] > 0 and not self._engine._head["sharing"]:
            return fail(self._logger, f"profile {profile_index} is used by another context")
        self._profile = profile_index
        self._engine._users[profile_index] += 1
        return True

    def set_input_shape(self, name, shape):
        self._told.journal.append(f"shape {name}")
        if self._profile is None:
            return fail(self._logger, "no profile was chosen")
        low, _, high = self._engine._head["profiles"][self._profile][name]
        if not all(a <= n <= b for a, n, b in zip(low, shape, high, strict=True)):
            return fail(self._logger, f"{name} {shape} is outside of {low} to {high}")
        self._shapes[name] = tuple(shape)
        self._settled = False
        return True

    def get_tensor_shape(self, name):
        if name in self._engine._tails:
            return (*self._shapes["confidence"], *self._engine._tails[name])
        return self._shapes.get(name, (-1,))

    def set_tensor_address(self, name, memory):
        self._told.journal.append(f"address {name}")
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        self._told.journal.append("execute")
        problem = self._problem()
        if problem:
            return fail(self._logger, problem)
        self._settled = True
        self._told.enqueue(stream_handle, self._run)
        return True

    def _problem(self):
        capturing = self._told.capturing()
        if self._told.refuse_enqueue or (self._told.refuse_enqueue_in_capture and capturing):
            return "the kernel launch failed"
        if set(self._addresses) != set(self._engine._modes):
            return "not every tensor has an address"
        if not self._scratch:
            return "there is no scratch memory"
        if capturing and not self._settled:
            return "shapes have changed since the last call"
        return ""

    def _run(self):
        ctypes.memset(self._scratch, 0x5A, self._needed())  # what lay there is gone
        session = self._engine._session
        feed = {i.name: self._array(i.name).astype(KINDS[i.type]) for i in session.get_inputs()}
        names = list(self._engine._tails)
        for name, value in zip(names, session.run(names, feed), strict=True):
            self._array(name)[...] = value + self._engine._head["noise"]

    def _array(self, name):
        kinds = {"FLOAT": "f4", "INT32": "i4", "INT64": "i8"}
        dtype = np.dtype(kinds[self._engine.get_tensor_dtype(name).name])
        shape = self.get_tensor_shape(name)
        size = int(np.prod(shape)) * dtype.itemsize
        raw = (ctypes.c_uint8 * size).from_address(self._addresses[name])
        return np.frombuffer(raw, dtype).reshape(shape)


class FixedContext(Context):
    """Of 8.6: the memory of a context is that of its engine."""

    def _needed(self):
        return FIXED_SCRATCH

    @property
    def device_memory(self):
        return self._scratch

    @device_memory.setter
    def device_memory(self, memory):
        self._told.journal.append("scratch")
        self._scratch = memory


class SizedContext(Context):
    """Since 10: a context says what its shapes need."""

    def _needed(self):
        return 512 * int(np.prod(self._shapes["confidence"]))

    def update_device_memory_size_for_shapes(self):
        return self._needed()

    def set_device_memory(self, memory, size):
        self._told.journal.append("scratch")
        self._scratch = memory if size >= self._needed() else 0
