"""Lets only so many frames a second pass."""

from __future__ import annotations

# Stamps of a steady camera jitter; a frame that comes this share of a period early is in time.
_EARLY = 0.1


class RateLimit:
    """Counts by the stamps of the frames, so that it is the same live, in a bag and in simulation.

    The pace is kept: a frame that comes late does not make the next one wait longer.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Let the next frame pass."""
        self._due: int | None = None

    def lets_pass(self, stamp_ns: int, rate: float) -> bool:
        """Whether a frame is due.

        Args:
            stamp_ns: Of the frame. If it lies before the last one that passed, time has begun anew.
            rate: Frames a second; 0 lets everything pass.
        """
        if rate <= 0:
            self._due = None
            return True
        period = round(1e9 / rate)
        due = stamp_ns if self._due is None else self._due
        if due - 2 * period < stamp_ns < due - _EARLY * period:
            return False
        in_pace = 0 <= stamp_ns - due + _EARLY * period < period
        self._due = (due if in_pace else stamp_ns) + period
        return True
