"""How often things happen."""

from __future__ import annotations

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
