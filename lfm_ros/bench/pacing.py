"""What a call costs at a camera's rate: threads that wait by spinning show only between calls."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from lfm_ros.bench.interleave import Call

RATE_HZ = 30.0
#: Longest call that leaves some time until the next.
FREE_SECONDS = 0.9 / RATE_HZ


@dataclass(frozen=True)
class Paced:
    """Figures of calls at a fixed rate.

    Attributes:
        latency: Median seconds of a call.
        cpu: Seconds of processor time for a call, all threads, the waiting for the next included.
    """

    latency: float
    cpu: float


def paced(call: Call, seconds: float) -> Paced:
    """Call at a camera's rate.

    Args:
        call: What to measure; takes less than ``FREE_SECONDS``.
        seconds: For so long, at least five calls.
    """
    period, latencies = 1 / RATE_HZ, []
    count = max(5, round(seconds * RATE_HZ))
    next_call, busy = time.perf_counter() + period, time.process_time()
    for _ in range(count):
        time.sleep(max(0.0, next_call - time.perf_counter()))
        began = time.perf_counter()
        call()
        latencies.append(time.perf_counter() - began)
        next_call += period
    time.sleep(max(0.0, next_call - time.perf_counter()))
    return Paced(float(np.median(latencies)), (time.process_time() - busy) / count)
