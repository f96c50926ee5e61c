"""Taking turns: what is compared is measured side by side, so that noise meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Call = Callable[[], object]

#: Seconds that one takes before it is the next one's turn: some calls, yet often enough.
_TURN = 0.02
_FEWEST_TURNS = 3


@dataclass(frozen=True)
class Times:
    """What the calls of one contender took.

    Attributes:
        wall: Seconds on the clock, (n,).
        cpu: Seconds of processor time, all threads of this process, (n,). Other work on the
            computer does not count in it, so it is what arithmetic is held against.
    """

    wall: NDArray[np.float64]
    cpu: NDArray[np.float64]


def interleaved(calls: Sequence[Call], seconds: float) -> list[Times]:
    """Call each of them again and again, in turns.

    A turn begins with a call that is not timed, because the others have emptied the caches, unless
    one call is as long as a turn: such a call fills them itself.

    Args:
        calls: What to measure.
        seconds: For each; every one gets three turns even if that takes longer.

    Returns:
        For each what its calls took.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in calls]
    warm = [_seconds(call)[0] for call in calls]
    end = time.perf_counter() + seconds * len(calls)
    turns = 0
    while turns < _FEWEST_TURNS or time.perf_counter() < end:
        for call, first, times in zip(calls, warm, taken, strict=True):
            if first < _TURN:
                call()
            times.extend(_turn(call))
        turns += 1
    return [Times(*np.array(times).T) for times in taken]


def _turn(call: Call) -> list[tuple[float, float]]:
    times = [_seconds(call)]
    while sum(wall for wall, _ in times) < _TURN:
        times.append(_seconds(call))
    return times


def _seconds(call: Call) -> tuple[float, float]:
    """On the clock, and of processor time."""
    began, busy = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - began, time.process_time() - busy
