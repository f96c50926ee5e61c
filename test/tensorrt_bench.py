"""TensorRT on a stand-in GPU, with everything that an engine wants around it."""

from __future__ import annotations

import numpy as np
from stand_in_gpu import StandInGpu
from stand_in_tensorrt import stand_in

from lfm_ros.engines import first_load, nvidia
from lfm_ros.engines.cuda import opening
from lfm_ros.engines.nvidia_log import NvidiaLog, library_logger
from lfm_ros.models import load_model


def library_of(module):
    """The stand-in as ``nvidia.find`` would give it."""
    log = NvidiaLog()
    logger = library_logger(module, log)
    return nvidia.NvidiaModule(module.__name__, module.__version__, module, logger, log)


class Bench:
    """A GPU, a library on it, and what the engine told."""

    def __init__(self, monkeypatch, folder, generation="10.3", **gpu):
        # RTX builds for desktops only.
        gpu.setdefault("compute_capability", (8, 9) if generation == "rtx" else (8, 7))
        self.gpu = StandInGpu(**gpu)
        self.gpus = [self.gpu]
        self.module = stand_in(
            generation,
            lambda handle, work: self.gpus[-1].enqueue(work),
            lambda: self.gpus[-1].recording is not None,
        )
        self.told = self.module.stand_in
        self.library = self.module.__name__
        self.notices = []
        self.model = load_model("lfm_tiny")
        monkeypatch.setitem(nvidia._found, self.library, library_of(self.module))
        monkeypatch.setattr(opening, "unavailable", lambda: None)
        monkeypatch.setattr(opening, "open_device", self._open)
        monkeypatch.setenv("LFM_CACHE_DIR", str(folder))
        self._gpu = gpu

    def _open(self):
        if self.gpus[-1].closed:
            self.gpus.append(StandInGpu(**self._gpu))
        return self.gpus[-1]

    def engine(self):
        return first_load.open_engine(self.model, self.library, self.notices.append)


def call(batch, keypoints, rigs=1, seed=0):
    random = np.random.default_rng(seed)
    joined = random.random((rigs, keypoints, keypoints)) < 2 / keypoints
    return {
        "keypoints": random.uniform(-0.7, 0.7, (batch, keypoints, 2)).astype(np.float32),
        "confidence": random.uniform(0.3, 1, (batch, keypoints)).astype(np.float32),
        "adjacency": (joined | np.swapaxes(joined, 1, 2)).astype(np.float32),
        "skeleton_index": np.arange(batch, dtype=np.int64) % rigs,
        "camera": random.normal(size=(batch, 6)).astype(np.float32),
        "side": random.integers(-1, 2, (batch, keypoints)).astype(np.float32),
    }


def check(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], value, rtol=5e-3, atol=5e-3, err_msg=name)
