"""The TensorRT engine's logic, against stand-ins of every generation of NVIDIA's module."""

from __future__ import annotations

import threading

import numpy as np
import onnxruntime
import pytest
from stand_in_tensorrt import VERSIONS
from tensorrt_bench import Bench, call, check

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import tensorrt
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.models import load_model


@pytest.fixture
def bench(monkeypatch, tmp_path):
    return lambda generation="10.3", **gpu: Bench(monkeypatch, tmp_path, generation, **gpu)


@pytest.fixture(scope="module")
def reference():
    return OnnxRuntimeEngine(load_model("lfm_tiny"), threads=1)


def in_half_precision(given):
    """What the plan's own file says, uncut: in fp16 one of 29,400 values is 0.9 % off the fp32."""
    session = onnxruntime.InferenceSession(load_model("lfm_tiny").path("fp16"))
    wanted = given | {"skeleton_index": given["skeleton_index"].astype(np.int32)}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, wanted), strict=True))


@pytest.mark.parametrize("generation", VERSIONS)
def test_every_generation_computes_what_onnx_runtime_does(bench, reference, generation):
    b = bench(generation)
    engine = b.engine()
    assert engine.name == b.library
    for seed, shape in enumerate([(1, 17), (3, 17, 2), (1, 17), (1, 17), (1, 17), (3, 17, 3)]):
        given = call(*shape, seed=seed)
        check(engine.infer(given), reference.infer(given))
    engine.close()
    assert not b.gpu.live
    assert b.gpu.closed == 1


def test_the_order_of_calls(bench):
    b = bench("10.16")
    engine = b.engine()
    b.told.journal.clear()
    engine.infer(call(1, 20))
    names = [entry.split()[0] for entry in b.told.journal]
    assert names == ["context", "profile", *["shape"] * 6, "scratch", *["address"] * 9, "execute"]
    assert "context USER_MANAGED" in b.told.journal


def test_a_graph_is_recorded_after_two_runs_and_replaces_all_calls(bench, reference):
    b = bench()
    engine = b.engine()
    given = call(1, 17)
    for _ in range(2):
        engine.infer(given)
    assert b.gpu.journal.count("capture") == 1
    b.gpu.journal.clear(), b.told.journal.clear()
    other = call(1, 17, seed=5)
    check(engine.infer(other), reference.infer(other))  # and no older call's outputs
    assert b.gpu.journal == ["launch", "synchronize"]
    assert not b.told.journal


def test_nothing_is_allocated_once_sizes_are_known(bench):
    b = bench()
    engine = b.engine()
    sizes = [(1, 17), (5, 17), (8, 33, 2)]
    for _ in range(3):
        for size in sizes:
            engine.infer(call(*size))
    before = b.gpu.free, len(b.gpu.live)
    b.gpu.journal.clear()
    for size in sizes:
        engine.infer(call(*size))
    assert (b.gpu.free, len(b.gpu.live)) == before
    assert set(b.gpu.journal) == {"launch", "synchronize"}


def test_a_larger_call_moves_the_memory_and_nothing_old_is_replayed(bench, reference):
    b = bench()
    engine = b.engine()
    small, large = call(1, 17), call(64, 120, rigs=1)
    for _ in range(3):
        engine.infer(small)
    blocks = b.gpu.journal.count("block")
    engine.infer(large)
    assert b.gpu.journal.count("block") == blocks + 2
    for seed in range(4):
        given = call(1, 17, seed=seed)
        check(engine.infer(given), reference.infer(given))
    assert b.gpu.journal.count("block") == blocks + 2


def test_rtx_records_its_graphs_itself(bench):
    b = bench("rtx")
    engine = b.engine()
    for _ in range(4):
        engine.infer(call(1, 17))
    assert "capture" not in b.gpu.journal


def test_an_integrated_gpu_copies_nothing(bench, reference):
    b = bench(integrated=True)
    engine = b.engine()
    for seed in range(4):
        given = call(2, 17, seed=seed)
        check(engine.infer(given), reference.infer(given))
    assert "mapped" in b.gpu.journal
    assert "block" not in b.gpu.journal
    before = b.gpu.queue, b.gpu.recording
    assert before == ([], None)


@pytest.mark.parametrize(
    "shape", [(70, 17), (300, 3, 7), (0, 9), (1, 2), (1, 1), (65, 40), (2, 256)]
)
def test_any_size_padded_or_cut(bench, reference, shape):
    b = bench()
    given = call(*shape)
    found = b.engine().infer(given)
    assert found["canonical"].shape == (*shape[:2], 3)
    if shape[0]:
        check(found, reference.infer(given))


def test_a_call_larger_than_every_profile_is_cut(bench):
    b = bench()
    engine = b.engine()
    given = call(70, 140, rigs=3)
    given["skeleton_index"] = np.repeat([2, 0], 35)  # the second part has one of three rigs
    b.told.journal.clear()
    check(engine.infer(given), in_half_precision(given))
    assert b.told.journal.count("execute") == 2


def test_more_keypoints_than_a_plan_takes_go_to_onnx_runtime_and_that_is_said(bench, reference):
    b = bench()
    engine = b.engine()
    given = call(1, 260)
    b.notices.clear()
    for _ in range(2):
        check(engine.infer(given), reference.infer(given))
    assert len(b.notices) == 1
    assert "more than 256 keypoints" in b.notices[0]
    assert "ONNX Runtime" in b.notices[0]


def test_the_number_of_prepared_sizes_is_limited(bench, monkeypatch):
    monkeypatch.setattr(tensorrt, "PREPARED", 3)
    b = bench()
    engine = b.engine()
    for keypoints in (4, 8, 12, 16, 20, 24, 4, 8, 12):
        for _ in range(2):
            engine.infer(call(1, keypoints))
    kinds = [type(held).__name__ for held in b.gpu.live]
    assert kinds.count("_Graph") == 3
    assert len(engine._prepared) == 3


def test_every_thread_may_call_and_calls_run_one_after_the_other(bench, reference):
    b = bench()
    engine = b.engine()
    calls = [call(n, k, seed=n) for n in (1, 2, 3) for k in (5, 17, 33)]
    expected = [reference.infer(given) for given in calls]
    wrong = []

    def many():
        for _ in range(4):
            for given, right in zip(calls, expected, strict=True):
                try:
                    check(engine.infer(given), right)
                except BaseException as error:
                    wrong.append(error)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert b.gpu.most_together == 1


def test_close_waits_for_the_call_that_runs(bench):
    b = bench()
    engine = b.engine()
    inside, go_on = threading.Event(), threading.Event()
    enqueue = b.told.enqueue

    def slow(handle, work):
        inside.set()
        assert go_on.wait(20)
        enqueue(handle, work)

    b.told.enqueue = slow
    found = []
    caller = threading.Thread(target=lambda: found.append(engine.infer(call(1, 17))))
    caller.start()
    assert inside.wait(20)
    closers = [threading.Thread(target=engine.close) for _ in range(2)]
    for closer in closers:
        closer.start()
    assert not b.gpu.closed
    go_on.set()
    for thread in (caller, *closers):
        thread.join(20)
    assert len(found) == 1
    assert b.gpu.closed == 1
    assert not b.gpu.live
    engine.close()
    with pytest.raises(EngineError, match=r"closed.*new Lifter"):
        engine.infer(call(1, 17))
