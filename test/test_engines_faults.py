"""What goes wrong with TensorRT on a robot, and what is then done and said."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import stat
import threading
from pathlib import Path

import pytest
from tensorrt_bench import Bench, call, check

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import select
from lfm_ros.engines.cuda.device import GpuMemoryError
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.models import load_model


@pytest.fixture
def bench(monkeypatch, tmp_path):
    return lambda generation="10.3", **gpu: Bench(monkeypatch, tmp_path, generation, **gpu)


@pytest.fixture(scope="module")
def reference():
    return OnnxRuntimeEngine(load_model("lfm_tiny"), threads=1)


def cached(folder) -> tuple[Path, dict]:
    """The one plan of the cache, and what its sidecar says."""
    (plan,) = Path(folder).rglob("*.plan")
    return plan, json.loads(plan.with_suffix(".json").read_text())


def test_a_build_is_announced_and_the_next_start_needs_none(bench, tmp_path):
    b = bench()
    b.engine().close()
    assert "building the fp16 engine of lfm_tiny" in b.notices[0]
    again = bench()
    again.engine().close()
    assert (b.told.builds, again.told.builds) == (1, 0)
    assert not again.notices
    golden = cached(tmp_path)[1]["golden"]
    assert 0 < golden["mean"] < golden["worst"] < 5e-3


def test_a_truncated_plan_is_built_again(bench, reference, tmp_path):
    bench().engine().close()
    plan, _ = cached(tmp_path)
    plan.write_bytes(plan.read_bytes()[:-1000])
    b = bench()
    given = call(1, 17)
    check(b.engine().infer(given), reference.infer(given))
    assert b.told.builds == 1
    assert "damaged" in b.notices[0]


def test_a_plan_that_the_library_refuses_is_built_again(bench, reference, tmp_path):
    """Its hash is right, but the library that made it was another build of the same version."""
    bench().engine().close()
    plan, sidecar = cached(tmp_path)
    foreign = plan.read_bytes().replace(b'"10.3.0"', b'"10.3.0.26"')
    plan.write_bytes(foreign)
    sidecar |= {"sha256": hashlib.sha256(foreign).hexdigest(), "size": len(foreign)}
    plan.with_suffix(".json").write_text(json.dumps(sidecar))
    b = bench()
    given = call(1, 17)
    check(b.engine().infer(given), reference.infer(given))
    assert b.told.builds == 1
    assert "does not load the plan: the plan is of version 10.3.0.26" in b.notices[0]
    again = bench()
    again.engine()
    assert again.told.builds == 0


def test_a_plan_that_is_never_loaded_is_an_error_with_a_remedy(bench, monkeypatch):
    b = bench()
    monkeypatch.setattr(b.module.Runtime, "deserialize_cuda_engine", lambda self, plan: None)
    with pytest.raises(EngineError, match="does not load the plan"):
        b.engine()
    assert all(gpu.closed and not gpu.live for gpu in b.gpus)


@pytest.mark.parametrize("generation", ["10.16", "11.4", "rtx"])
def test_another_version_of_the_library_builds_its_own(bench, tmp_path, generation):
    bench().engine().close()
    b = bench(generation)
    b.engine().close()
    assert b.told.builds == 1
    assert len(list(tmp_path.rglob("*.plan"))) == 2


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_said_and_no_obstacle(bench, tmp_path):
    folder = tmp_path / "engines"
    folder.mkdir(mode=0o500)
    _runs_without_keeping(bench())
    assert not list(folder.iterdir())
    folder.chmod(stat.S_IRWXU)


def test_a_cache_that_cannot_be_made_is_said_and_no_obstacle(bench, monkeypatch, tmp_path):
    b = bench()
    (tmp_path / "a file").touch()
    monkeypatch.setenv("LFM_CACHE_DIR", str(tmp_path / "a file" / "below"))
    _runs_without_keeping(b)


def test_a_full_disk_is_said_and_no_obstacle(bench, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lfm_ros.engines.cache.write_atomically", full)
    _runs_without_keeping(bench())


def _runs_without_keeping(b):
    b.engine().infer(call(1, 17))
    assert any("cannot be kept" in notice for notice in b.notices)


def test_fp16_that_is_too_far_off_gives_way_to_fp32(bench, reference, tmp_path):
    b = bench()
    b.told.noises = [0.02, 0]
    given = call(2, 17)
    check(b.engine().infer(given), reference.infer(given))
    assert b.told.builds == 2
    assert any("the fp16 engine of lfm_tiny" in n and "differs" in n for n in b.notices)
    again = bench()  # does not even load it
    check(again.engine().infer(given), reference.infer(given))
    assert again.told.builds == 0


def test_an_engine_that_is_wrong_in_every_precision_is_refused(bench):
    b = bench()
    b.told.noises = [0.02, 0.02]
    with pytest.raises(EngineError, match=r"fp16.*fp32.*onnxruntime"):
        b.engine()
    assert all(gpu.closed and not gpu.live for gpu in b.gpus)


def test_no_memory_at_the_start(bench):
    b = bench(memory=1000)
    with pytest.raises(GpuMemoryError, match=r"MiB of memory left.*onnxruntime"):
        b.engine()
    assert all(gpu.closed and not gpu.live for gpu in b.gpus)


def test_no_memory_for_a_crowd_leaves_the_frame_alive(bench, reference):
    b = bench(memory=6 << 20)
    engine = b.engine()
    small = call(1, 17)
    engine.infer(small)
    with pytest.raises(GpuMemoryError, match="fewer instances"):
        engine.infer(call(1000, 30))
    for _ in range(3):
        check(engine.infer(small), reference.infer(small))
    engine.close()
    assert not b.gpu.live
    assert b.gpu.free == 6 << 20


def test_an_enqueue_that_is_refused_is_an_error_and_passes(bench, reference):
    b = bench()
    engine = b.engine()
    given = call(1, 17)
    b.told.refuse_enqueue = True
    with pytest.raises(EngineError, match=r"could not queue.*kernel launch failed"):
        engine.infer(given)
    b.told.refuse_enqueue = False
    check(engine.infer(given), reference.infer(given))


@pytest.mark.parametrize("fault", ["capture", "enqueue in capture"])
def test_without_a_graph_it_goes_on_and_says_so_once(bench, reference, fault):
    b = bench()
    engine = b.engine()
    b.gpu.refuses_capture = fault == "capture"
    b.told.refuse_enqueue_in_capture = fault == "enqueue in capture"
    b.notices.clear()
    for seed in range(5):
        given = call(1, 17, seed=seed)
        check(engine.infer(given), reference.infer(given))
    assert len(b.notices) == 1
    assert "without a CUDA graph" in b.notices[0]


def test_a_context_that_is_not_made(bench):
    b = bench()
    engine = b.engine()
    b.told.refuse_context = True
    with pytest.raises(EngineError, match="makes no execution context: out of memory"):
        engine.infer(call(1, 250))


def test_a_build_that_fails_is_passed_over_by_auto_and_an_error_by_name(bench):
    b = bench()
    b.told.refuse_build = True
    engine, reason = select.create_engine(b.model, notice=b.notices.append)
    assert engine.name == "onnxruntime"
    assert "tensorrt: " in reason
    assert "no kernel was found" in reason
    with pytest.raises(EngineError, match="no kernel was found"):
        select.create_engine(b.model, "tensorrt")


def test_auto_takes_tensorrt_where_it_runs_and_says_what_it_left(bench):
    b = bench()
    engine, reason = select.create_engine(b.model)
    assert engine.name == "tensorrt"
    assert "onnxruntime: tensorrt comes first" in reason
    assert re.search(r"openvino.*: only when asked for by name", reason)


def test_two_processes_build_once(tmp_path):
    """The second waits for the first and takes its plan."""
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    both = [spawn.Process(target=_start, args=(tmp_path, results)) for _ in range(2)]
    for process in both:
        process.start()
    builds = sorted(results.get(timeout=60) for _ in both)
    for process in both:
        process.join(20)
    assert builds == [0, 1]


def _start(folder, results):
    with pytest.MonkeyPatch.context() as patch:
        b = Bench(patch, folder)
        b.engine().close()
        results.put(b.told.builds)


def test_four_threads_start_at_once(bench):
    b = bench()
    b.gpu.close = lambda: None  # they share it
    engines = []
    threads = [threading.Thread(target=lambda: engines.append(b.engine())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(engines) == 4
    assert b.told.builds == 1
