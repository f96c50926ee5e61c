"""How fast training is, and what it waits for: ``python -m training.bench --threads 1``.

Prints JSON: poses a second, the share of each part of a step, and the share of the roof, which is
what the best bfloat16 product at the network's own width reaches on the same threads in the same
run. On a CPU that share is of processor time, so that other work on the machine does not count.
Nothing is written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from training.command import options_of, sentences
from training.config import TrainConfig
from training.step import PARTS
from training.trainer import Trainer

_PROFILED, _PRODUCTS = 8, 30


@dataclass(frozen=True)
class BenchConfig:
    """What to measure."""

    steps: int = 24
    """How many steps to take the time of."""
    warm_up: int = 5
    """Steps before; with ``--train.compile`` give more, each shape is compiled when first met."""
    train: TrainConfig = field(default_factory=TrainConfig)


def bench(config: BenchConfig) -> dict[str, Any]:
    """Rate, shares and roof of one configuration, on data and shapes as in training."""
    with TemporaryDirectory() as folder:
        run = replace(config.train, run=Path(folder) / "run")
        trainer = _warm(run, config.warm_up)
        pace = _pace(trainer, config.steps)
        shares = _shares(trainer)
        # The same seed draws the same batches again.
        work = _work(_warm(replace(run, compile=False, graphs=False), config.warm_up), config.steps)
        best = _best_product(trainer.model.config.width, trainer.device)
    return {
        "device": torch.cuda.get_device_name() if trainer.device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        # Other work on the same cores is why the same command gives different figures.
        "load": round(os.getloadavg()[0], 1),
        "model": config.train.model,
        "steps": config.steps,
        "poses_per_second": round(pace.poses / pace.seconds, 1),
        "poses_per_busy_second": round(pace.poses / pace.busy, 1),
        "share_of_time": shares,
        "gflop_per_pose": round(work / pace.poses / 1e9, 4),
        "roof_gflops": round(best / 1e9, 1),
        "share_of_roof": round(work / pace.busy / best, 4),
    }


def _warm(config: TrainConfig, steps: int) -> Trainer:
    trainer = Trainer(config)
    for _ in range(steps):
        trainer.step()
    return trainer


@dataclass(frozen=True)
class _Pace:
    poses: int
    seconds: float
    busy: float
    """Of processor time, all threads together; on a GPU the same as ``seconds``."""


def _pace(trainer: Trainer, steps: int) -> _Pace:
    clock, poses = _clock(trainer.device), trainer.samples
    begun, busy = time.perf_counter(), clock()
    for _ in range(steps):
        trainer.step()
    busy = clock() - busy
    return _Pace(trainer.samples - poses, time.perf_counter() - begun, busy)


def _clock(device: str) -> Callable[[], float]:
    """What counts the time that the device is busy."""

    def finished() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return finished if device == "cuda" else time.process_time


def _shares(trainer: Trainer) -> dict[str, float]:
    """The share of a step's time that the host spends in each part of it."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(_PROFILED):
            trainer.step()
        _clock(trainer.device)()
    times = {e.key: e.cpu_time_total for e in profiled.key_averages() if e.key in PARTS}
    return {part: round(times.get(part, 0.0) / sum(times.values()), 4) for part in PARTS}


def _work(trainer: Trainer, steps: int) -> float:
    """Floating-point operations of the matrix products in so many steps."""
    with FlopCounterMode(display=False) as counter:
        for _ in range(steps):
            trainer.step()
    return counter.get_total_flops()


def _best_product(width: int, device: str) -> float:
    """Operations a busy second of the fastest bfloat16 product (N, D) x (D, 4 D)."""
    rows = 8192 if device == "cpu" else 262144
    left = torch.randn(rows, width, dtype=torch.bfloat16, device=device)
    right = torch.randn(width, 4 * width, dtype=torch.bfloat16, device=device)
    clock, times = _clock(device), []
    for _ in range(_PRODUCTS):
        begun = clock()
        left @ right
        times.append(clock() - begun)
    return 8 * rows * width * width / min(times)


def main() -> None:
    """Read the command line and print what was measured."""
    with sentences():
        print(json.dumps(bench(options_of("training.bench", BenchConfig, __doc__)), indent=1))


if __name__ == "__main__":
    main()
