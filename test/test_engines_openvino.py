"""OpenVINO, an option: fetched for the slow tests, and otherwise not there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fetched_wheels import fetch

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import openvino
from lfm_ros.engines.select import create_engine
from lfm_ros.models import load_model

ROOT = Path(__file__).resolve().parents[1]
PARITY = """
import threading
import numpy as np
from tensorrt_bench import call
from lfm_ros.core.errors import EngineError
from lfm_ros.engines.select import create_engine
from lfm_ros.models import load_model

model = load_model("lfm_tiny")
engine, reason = create_engine(model, "openvino", 2)
reference, _ = create_engine(model, "onnxruntime")
assert reason == "asked for by name"
calls = [call(*shape, seed=i) for i, shape in enumerate([(1, 17), (3, 9, 2), (70, 17), (1, 300)])]
worst = []

def compare():
    for given in calls:
        found, expected = engine.infer(given), reference.infer(given)
        worst.extend(np.abs(found[name] - value).max() for name, value in expected.items())

threads = [threading.Thread(target=compare) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(worst) == 3 * 4 * len(model.outputs)
assert max(worst) < 1e-4, worst  # in bf16, its default on some CPUs, it would be 1e-2
try:
    engine.infer({**calls[0], "side": np.zeros((1, 1, 1, 1), np.float32)})
except EngineError as error:
    assert "fp32.onnx" in str(error)
engine.close()
engine.close()
try:
    engine.infer(calls[0])
except EngineError as error:
    print(error)
"""


@pytest.mark.skipif(importlib.util.find_spec("openvino") is not None, reason="OpenVINO is here")
def test_where_it_is_not_installed_it_says_how_to_get_it():
    assert "pip install openvino" in (openvino.unavailable() or "")
    with pytest.raises(EngineError, match="pip install openvino"):
        create_engine(load_model("lfm_tiny"), "openvino")


@pytest.mark.slow
def test_it_computes_in_fp32_and_from_any_thread(pytestconfig):
    wanted = ["openvino", "openvino-telemetry"]
    site = fetch(pytestconfig.cache.mkdir("wheels") / "openvino", wanted)
    done = subprocess.run(
        [sys.executable, "-c", PARITY],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (site, ROOT / "test", ROOT)))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("this engine is closed")
