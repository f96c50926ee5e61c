"""How often things happen, and how long each step of them takes."""

from __future__ import annotations

import time
from collections.abc import Iterable

#: Seconds over which a rate is taken: long enough to be steady, short enough to show a stop.
RATE_SECONDS = 2.0


def rate(times: Iterable[float], now: float) -> float:
    """Events a second over the last ``RATE_SECONDS``; 0 once there were none for so long.

    Args:
        times: When they happened, ascending, seconds of a clock that never jumps.
        now: By the same clock.
    """
    recent = [t for t in times if now - t <= RATE_SECONDS]
    if len(recent) < 2:
        return 0.0
    return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)


class Stopwatch:
    """Takes the time of one step after the other, in whichever thread.

    Args:
        steps: Those that took no time so far; others come with their first lap.

    Attributes:
        seconds: What each step took, by name.
    """

    def __init__(self, steps: Iterable[str] = ()) -> None:
        self.seconds = dict.fromkeys(steps, 0.0)
        self._began = self._last = time.perf_counter()

    @property
    def total(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._began

    def lap(self, step: str) -> None:
        """End a step; the next one begins."""
        now = time.perf_counter()
        self.seconds[step] = now - self._last
        self._last = now
