"""What the node counts and times of its frames."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence

import numpy as np

from lfm_ros.core.timing import rate

_REMEMBERED = 512
_PERCENTILES = (50, 95, 99)


class Statistics:
    """Counts, rates and latencies of the node; for any thread.

    Attributes:
        last_arrival: When the last frame came in, by ``time.monotonic``; not cleared, since it is
            no count.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last_arrival = -float("inf")
        self.clear()

    def clear(self) -> None:
        """Start from zero."""
        with self._lock:
            self._arrivals: deque[float] = deque(maxlen=_REMEMBERED)
            self._departures: deque[float] = deque(maxlen=_REMEMBERED)
            self._steps: deque[dict[str, float]] = deque(maxlen=_REMEMBERED)
            self._received = self._published = 0
            self._dropped: Counter[str] = Counter()
            self._noted: Counter[str] = Counter()
            self._last_error = self._new_problem = ""

    def received(self) -> None:
        """A frame came in."""
        with self._lock:
            self._received += 1
            self.last_arrival = time.monotonic()
            self._arrivals.append(self.last_arrival)

    def lost(self, count: int) -> None:
        """Frames were sent that did not come in."""
        with self._lock:
            self._received += count
            self._dropped["middleware"] += count

    def dropped(self, cause: str, why: str = "") -> None:
        """A frame will not come out."""
        with self._lock:
            self._dropped[cause] += 1
            self._last_error = why or self._last_error
            self._new_problem = why or self._new_problem

    def noted(self, what: str, count: int = 1) -> None:
        """Something is not as it should be, but the frame comes out."""
        with self._lock:
            self._noted[what] += count

    def published(self, **seconds: float) -> None:
        """A frame went out. The durations are kept by their names."""
        with self._lock:
            self._published += 1
            self._departures.append(time.monotonic())
            self._steps.append(seconds)

    def recent_problem(self) -> str:
        """Why a frame was dropped since this was last asked; empty if none was."""
        with self._lock:
            problem, self._new_problem = self._new_problem, ""
        return problem

    def values(self) -> dict[str, str]:
        """Everything as the keys and values of a diagnostic status."""
        now = time.monotonic()
        with self._lock:
            made = {
                "rate_in_hz": f"{rate(self._arrivals, now):.1f}",
                "rate_out_hz": f"{rate(self._departures, now):.1f}",
                "frames_in": str(self._received),
                "frames_out": str(self._published),
                "dropped": str(self._dropped.total()),
            }
            made |= {f"dropped_{cause}": str(n) for cause, n in sorted(self._dropped.items())}
            made |= {f"noted_{what}": str(n) for what, n in sorted(self._noted.items())}
            steps, last_error = list(self._steps), self._last_error
        return made | _milliseconds(steps) | {"last_error": last_error}


def _milliseconds(frames: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """Percentiles of each step that some frames took."""
    made: dict[str, str] = {}
    for name in dict.fromkeys(name for frame in frames for name in frame):
        seconds = [frame[name] for frame in frames if name in frame]
        figures = 1e3 * np.percentile(seconds, _PERCENTILES)
        for percent, figure in zip(_PERCENTILES, figures, strict=True):
            made[f"{name}_ms_p{percent}"] = f"{figure:.3f}"
    return made
