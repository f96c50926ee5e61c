"""Puts the installed CUDA library through its paces on ``stand_in_libcuda``; a process of its own.

    python cuda_on_stand_in.py LIBCUDA NAME_OF_THE_LIBRARY

A driver that was once loaded stays in its process, so the tests start this one. It prints what it
has seen, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading

import numpy as np

DRIVER = ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
DRIVER.stand_in_journal.restype = ctypes.c_char_p
DRIVER.stand_in_memory.argtypes = [ctypes.c_size_t]
DRIVER.cuLaunchHostFunc.argtypes = [ctypes.c_void_p] * 3

from lfm_ros.engines.cuda.device import CudaError, GpuMemoryError  # noqa: E402
from lfm_ros.engines.cuda.opening import installed, open_device, unavailable  # noqa: E402

HOST_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
KEPT = []


def journal() -> list[str]:
    """The driver's calls since this was last asked."""
    calls = DRIVER.stand_in_journal().decode().split()
    DRIVER.stand_in_forget()
    return calls


def left() -> list[int]:
    """What is still held: memory and streams, retained contexts, contexts of this thread."""
    return [DRIVER.stand_in_live(), DRIVER.stand_in_retained(), DRIVER.stand_in_depth()]


def facts() -> list[object]:
    device = open_device()
    seen = [device.library, device.name, device.compute_capability, device.driver]
    seen.append(device.integrated)
    device.close()
    device.close()
    return [*seen, left()]


def no_gpu() -> list[object]:
    DRIVER.stand_in_fail(b"cuDeviceGet", 100)
    return [_failure(open_device), left()]


def copies(integrated: bool) -> dict[str, object]:
    DRIVER.stand_in_integrated(int(integrated))
    device = open_device()
    journal()
    with device.current():
        stream, block = device.stream(), device.block(100)
        block.host[:] = 7
        block.upload(50, stream)
        block.download(100, stream)
        before = sorted(set(block.host.tolist()))
        stream.synchronize()
        after = sorted(set(block.host.tolist()))
        for held in (block, stream, block, stream):
            held.free()
    device.close()
    DRIVER.stand_in_integrated(0)
    return {"before": before, "after": after, "calls": journal(), "left": left()}


def graph() -> dict[str, object]:
    device = open_device()
    with device.current():
        stream, block = device.stream(), device.block(64)

        def there_and_back():
            block.upload(64, stream)
            block.download(32, stream)

        recorded = device.capture(stream, there_and_back)
        journal()
        values = []
        for value in (1, 2):
            block.host[:] = value
            recorded.launch()
            stream.synchronize()
            values.append(int(block.host[0]))
        calls = journal()

        def refused():
            block.upload(64, stream)
            raise CudaError("the enqueue was refused")

        failures = [_failure(lambda: device.capture(stream, refused))]
        failures.append(_failure(lambda: device.capture(stream, stream.synchronize)))
        block.upload(64, stream)
        stream.synchronize()  # it works as before
        for held in (recorded, recorded, block, stream):
            held.free()
    device.close()
    return {"values": values, "calls": calls, "failures": failures, "left": left()}


def _failure(call) -> str:
    try:
        call()
    except CudaError as error:
        return f"{type(error).__name__}: {error}"
    return "none"


def memory() -> list[object]:
    device = open_device()
    DRIVER.stand_in_memory(1000)
    failures = []
    with device.current():
        for make in (device.block, device.scratch):
            try:
                make(4096)
            except GpuMemoryError as error:
                failures.append(str(error))
        held = device.scratch(1000)
        held.free()
    DRIVER.stand_in_memory(1 << 40)
    device.close()
    return [failures, left()]


def threads() -> list[object]:
    """Made in one thread, used in four, closed in a fifth."""
    device, wrong = open_device(), []
    lock = threading.Lock()
    with device.current():
        stream, block = device.stream(), device.block(8)

    def use(value):
        try:
            for _ in range(20):
                with lock, device.current():
                    block.host[:] = value
                    block.upload(8, stream)
                    block.download(8, stream)
                    stream.synchronize()
                    if set(block.host.tolist()) != {value}:
                        wrong.append(f"{value}: {block.host}")
        except Exception as error:
            wrong.append(repr(error))

    def close():
        with device.current():
            block.free()
            stream.free()
        device.close()
        wrong.append(left()) if DRIVER.stand_in_depth() else None

    for works in ([lambda v=v: use(v) for v in range(4)], [close]):
        running = [threading.Thread(target=work) for work in works]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(20)
    return [wrong, left()]


def engine() -> dict[str, object]:
    """The TensorRT engine on top: its numbers against ONNX Runtime's."""
    import pytest
    from stand_in_tensorrt import stand_in
    from tensorrt_bench import call, library_of

    from lfm_ros.engines.build import build
    from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
    from lfm_ros.engines.tensorrt import TensorRTEngine
    from lfm_ros.models import load_model

    def enqueue(stream, work):
        KEPT.append(HOST_FUNCTION(lambda _: work()))
        assert DRIVER.cuLaunchHostFunc(stream, ctypes.cast(KEPT[-1], ctypes.c_void_p), None) == 0

    model, notices = load_model("lfm_tiny"), []
    nvidia = library_of(stand_in("10.16", enqueue, DRIVER.stand_in_captures))
    plan = build(model, nvidia, "fp32").plan
    made = TensorRTEngine(model, plan, nvidia, open_device(), notices.append)
    reference = OnnxRuntimeEngine(model, 1)
    worst = 0.0
    for seed in range(6):
        given = call(3, 17, rigs=2, seed=seed)
        found, expected = made.infer(given), reference.infer(given)
        worst = max(worst, *(float(np.abs(found[n] - expected[n]).max()) for n in expected))
    journal()
    made.infer(call(4, 17, rigs=2))
    calls = journal()
    made.close()
    with pytest.raises(Exception, match="closed"):
        made.infer(given)
    return {"worst": worst, "calls": calls, "notices": notices, "left": left()}


def main() -> None:
    assert unavailable() is None
    assert installed()[0] == sys.argv[2], installed()
    seen = {
        "facts": facts(),
        "no gpu": no_gpu(),
        "desktop": copies(integrated=False),
        "jetson": copies(integrated=True),
        "graph": graph(),
        "memory": memory(),
        "threads": threads(),
        "engine": engine(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
