"""Choosing a runtime, and what it does with what it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from lfm_ros import Lifter
from lfm_ros.core.errors import EngineError
from lfm_ros.engines.cuda import opening
from lfm_ros.engines.golden import golden_difference
from lfm_ros.engines.onnxruntime import (
    LARGEST_PART,
    OnnxRuntimeEngine,
    _parts,
    automatic_threads,
)
from lfm_ros.engines.select import BACKENDS, create_engine
from lfm_ros.host import Host
from lfm_ros.models import INPUTS, load_model


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(params=[n for n, b in BACKENDS.items() if b.on_cpu and b.unavailable() is None])
def engine(model, request):
    """The model in every runtime of the CPU that is installed."""
    made, _ = create_engine(model, request.param, threads=3)
    yield made
    made.close()


def inputs(instances: int, keypoints: int, rigs: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "keypoints": random.uniform(-0.7, 0.7, (instances, keypoints, 2)).astype(np.float32),
        "confidence": np.ones((instances, keypoints), np.float32),
        "adjacency": np.zeros((rigs, keypoints, keypoints), np.float32),
        "skeleton_index": np.zeros(instances, np.int64),
        "camera": np.zeros((instances, 6), np.float32),
        "side": np.zeros((instances, keypoints), np.float32),
    }


def test_auto_chooses_and_says_why(model):
    engine, reason = create_engine(model)
    assert engine.name in BACKENDS
    assert len(reason) > 10
    named, why = create_engine(model, engine.name)
    assert named.name == engine.name
    assert why != reason


def test_a_computer_without_gpu_is_told_that_and_no_more(model, monkeypatch):
    monkeypatch.setattr(opening, "_DRIVER", "libcuda-that-is-not-there.so.1")
    monkeypatch.setattr(Host, "gpus", [])
    assert create_engine(model)[1] == "it runs on the CPU; there is no NVIDIA GPU here"
    monkeypatch.setattr(Host, "gpus", ["a GPU"])
    reason = create_engine(model)[1]
    assert "no NVIDIA driver here" in reason
    assert "install the GPU's driver" in reason


def test_an_unknown_backend_is_answered_with_the_known_ones(model):
    with pytest.raises(EngineError, match=r"'tpu'.*'auto'.*onnxruntime"):
        create_engine(model, "tpu")
    with pytest.raises(EngineError, match="'tpu'"):
        Lifter.from_pretrained(backend="tpu")


def test_it_runs_on_the_cpu_and_never_spins(model):
    engine = OnnxRuntimeEngine(model, threads=2)
    assert engine._open[0].get_providers() == ["CPUExecutionProvider"]
    options = engine._open[0].get_session_options()
    assert options.intra_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_crowd_in_parts_is_the_crowd(model, threads):
    given = inputs(150, 17, rigs=4)
    given["skeleton_index"] = np.arange(150, dtype=np.int64)[::-1] % 4
    given["adjacency"][2, 3, 4] = given["adjacency"][2, 4, 3] = 1
    engine = OnnxRuntimeEngine(model, threads)
    whole = engine._run(engine._open[0], given)
    found = engine.infer(given)
    assert engine.threads == threads
    assert len(_parts(150, 17, threads)) >= threads
    for name, value in whole.items():
        np.testing.assert_allclose(found[name], value, atol=2e-5)


@pytest.mark.parametrize(
    ("batch", "keypoints", "threads", "parts"),
    [
        (1, 17, 4, 1),  # one person is one part
        (8, 17, 4, 1),  # not worth waking a thread
        (16, 17, 2, 2),
        (1, 2000, 4, 1),  # an instance cannot be cut
        (45, 17, 1, 1),  # fits the caches
        (90, 17, 1, 2),
        (1000, 17, 4, 24),
        (0, 17, 4, 1),
    ],
)
def test_parts_fit_the_caches_and_are_shared_fairly(batch, keypoints, threads, parts):
    found = _parts(batch, keypoints, threads)
    assert len(found) == parts
    numbers = np.arange(batch)
    np.testing.assert_array_equal(np.concatenate([numbers[part] for part in found]), numbers)
    assert all(len(numbers[part]) * keypoints <= LARGEST_PART or parts == 1 for part in found)


def test_threads_are_left_to_the_robot():
    there = len(os.sched_getaffinity(0))
    assert 1 <= automatic_threads() <= max(1, there - 1)


@pytest.mark.parametrize("shape", [(1, 4, 1), (1, 17, 1), (40, 9, 3), (2, 133, 1), (1, 300, 1)])
def test_any_number_of_instances_keypoints_and_rigs(engine, shape):
    found = engine.infer(inputs(*shape))
    assert found["canonical"].shape == (*shape[:2], 3)
    assert found["log_sigma"].shape == shape[:2]
    assert all(value.dtype == np.float32 for value in found.values())
    assert all(np.isfinite(value).all() for value in found.values())
    assert np.ptp(found["canonical"]) > 1e-3


def test_it_computes_what_the_model_says(engine, model):
    assert golden_difference(model, engine.infer).worst < 1e-4


def test_a_closed_engine_says_so(engine):
    engine.infer(inputs(1, 5))
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match=r"closed.*new Lifter"):
        engine.infer(inputs(1, 5))


def test_close_while_others_call_lets_them_finish(engine):
    given = inputs(90, 17)
    expected = engine.infer(given)["canonical"]
    seen: list[object] = []
    begun = threading.Barrier(4)

    def call_until_closed():
        begun.wait(20)
        while True:
            try:
                found = engine.infer(given)["canonical"]
            except EngineError as error:
                seen.append(str(error))
                return
            np.testing.assert_allclose(found, expected, atol=2e-5)

    callers = [threading.Thread(target=call_until_closed) for _ in range(3)]
    for caller in callers:
        caller.start()
    begun.wait(20)
    engine.close()
    for caller in callers:
        caller.join(30)
    assert seen == ["this engine is closed; make a new Lifter"] * 3


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_that_do_not_fit_are_an_engine_error(engine, name):
    wrong = {**inputs(3, 5), name: np.zeros((1, 1, 1, 1), np.float32)}
    with pytest.raises(EngineError, match=r"fp32\.onnx.*\(1, 1, 1, 1\)"):
        engine.infer(wrong)


def test_a_network_that_returns_nan_is_an_error_and_no_result(model):
    class Broken:
        name = "broken"

        def infer(self, inputs):
            shape = inputs["confidence"].shape
            canonical = np.zeros((*shape, 3), np.float32)
            canonical[0, 0] = np.nan
            return {"canonical": canonical, "log_sigma": np.zeros(shape, np.float32)}

        def close(self):
            pass

    pixels = np.random.default_rng(1).uniform(0, 500, (2, 6, 2))
    with pytest.raises(EngineError, match=r"broken returned values that are not finite"):
        Lifter(model, Broken()).lift(pixels)


def test_without_onnx_runtime_the_error_says_how_to_get_it():
    script = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from lfm_ros import LfmError, Lifter\n"
        "try:\n    Lifter.from_pretrained()\n"
        "except LfmError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("EngineError no backend can run")
    assert "pip install onnxruntime" in done.stdout
