"""How long ``Lifter.lift`` takes, and each of its steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from lfm_ros.bench.workload import CAMERA, detections, tree_rig
from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.lifter import Lifter

#: Instances and keypoints.
SIZES = ((1, 17), (10, 17), (100, 17), (1, 133))
_STEPS = ("normalize", "engine", "align", "place")
_WARM_UP = 5
_FEWEST, _MOST = 20, 2000


def measure(lifter: Lifter, seconds: float) -> Iterator[dict[str, Any]]:
    """Lift detections of every size again and again.

    Args:
        lifter: What to measure.
        seconds: For each size.

    Yields:
        Median and 95th percentile of the whole call, and medians of its steps, milliseconds.
        ``checks`` is what the steps leave: reading and checking the arguments.
    """
    for count, width in SIZES:
        rig, pixels = tree_rig(width), detections(count, width)
        calls: list[list[float]] = []
        end = float("inf")
        while len(calls) < _WARM_UP + _FEWEST or time.perf_counter() < end:
            began = time.perf_counter()
            out = lifter.lift(pixels, None, CAMERA, rig, up=LEVEL_UP)
            calls.append([time.perf_counter() - began, *(out.seconds[s] for s in _STEPS)])
            if len(calls) == _WARM_UP:
                end = time.perf_counter() + seconds
            if len(calls) == _MOST:
                break
        yield {"size": f"{count}x{width}", **_figures(1e3 * np.array(calls[_WARM_UP:]))}


def _figures(calls: np.ndarray) -> dict[str, float]:
    """From rows of (whole call, steps), milliseconds."""
    steps = {name: float(np.median(calls[:, 1 + i])) for i, name in enumerate(_STEPS)}
    p50, p95 = np.percentile(calls[:, 0], [50, 95])
    rest = float(np.median(calls[:, 0] - calls[:, 1:].sum(1)))
    return {"p50": float(p50), "p95": float(p95), **steps, "checks": rest}
