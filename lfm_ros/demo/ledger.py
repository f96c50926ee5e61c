"""Which of the played frames came back, and how long each took. Knows stamps, not messages."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from lfm_ros.core.timing import rate

_RECENT = 300
# An answer that is not there after this long is missing.
_FORGET_NS = 10_000_000_000
_KEPT_LATENCIES = 200_000


@dataclass(frozen=True)
class Answer:
    """What came back for a frame.

    Attributes:
        received_ns: When, nanoseconds of the clock that made the stamps.
        shown: Whether the markers show something; else they clear what was shown.
        sound: Whether they are well formed: finite points of one header.
    """

    received_ns: int
    shown: bool
    sound: bool = True


@dataclass(frozen=True)
class Tally:
    """The count so far.

    Attributes:
        played: Frames that the player published.
        answered: Frames that came back as they should: shown where there was something to lift,
            cleared where there was not.
        cleared: How many of ``answered`` had nothing to lift.
        wrong: Frames that came back otherwise, or with points that are not finite.
        missing: Frames that did not come back.
        stray: Markers with the stamp of no frame, or of one that was answered before.
    """

    played: int = 0
    answered: int = 0
    cleared: int = 0
    wrong: int = 0
    missing: int = 0
    stray: int = 0

    @property
    def share(self) -> float:
        """``answered`` of ``played``, 0 if nothing was played."""
        return self.answered / self.played if self.played else 0.0


class Ledger:
    """Pairs frames and markers by stamp, whichever is heard first. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[int, int] = {}
        self._early: dict[int, Answer] = {}
        self._counts = dict.fromkeys(("played", "answered", "cleared", "wrong"), 0)
        self._missing = self._stray = 0
        self._last_settled: int | None = None
        self._arrivals: deque[float] = deque(maxlen=_RECENT)
        self._departures: deque[float] = deque(maxlen=_RECENT)
        self._latencies: deque[float] = deque(maxlen=_KEPT_LATENCIES)

    def frame(self, stamp_ns: int, liftable: int, now: float) -> None:
        """The player published a frame.

        Args:
            stamp_ns: Of its header.
            liftable: How many of its instances have enough keypoints to be lifted.
            now: Seconds of a clock that never jumps.
        """
        with self._lock:
            self._counts["played"] += 1
            self._arrivals.append(now)
            early = self._early.pop(stamp_ns, None)
            if early is not None:
                self._settle(stamp_ns, liftable, early)
            else:
                self._asked[stamp_ns] = liftable
            self._forget(stamp_ns)

    def markers(self, stamp_ns: int, answer: Answer, now: float) -> None:
        """Markers came."""
        with self._lock:
            # A node that is deactivated deletes the markers of its last frame, under its stamp.
            if stamp_ns == self._last_settled and not answer.shown:
                return
            self._departures.append(now)
            liftable = self._asked.pop(stamp_ns, None)
            if liftable is not None:
                self._settle(stamp_ns, liftable, answer)
            elif stamp_ns in self._early:
                self._stray += 1
            else:
                self._early[stamp_ns] = answer

    @property
    def waiting(self) -> int:
        """How many frames have not come back yet."""
        return len(self._asked)

    def tally(self) -> Tally:
        """The count so far; frames that are under way count as missing."""
        with self._lock:
            missing = self._missing + len(self._asked)
            return Tally(**self._counts, missing=missing, stray=self._stray + len(self._early))

    def rates(self, now: float) -> tuple[float, float]:
        """Frames and markers a second, over the last two seconds."""
        with self._lock:
            return rate(self._arrivals, now), rate(self._departures, now)

    def latency_ms(self, last: int | None = None) -> tuple[float, float]:
        """Median and 95th percentile from stamp to markers; NaN without any.

        Args:
            last: How many of the latest frames count; None for all.
        """
        with self._lock:
            values = list(self._latencies)[-(last or 0) :]
        if not values:
            return float("nan"), float("nan")
        p50, p95 = np.percentile(values, [50, 95])
        return float(p50), float(p95)

    def _settle(self, stamp_ns: int, liftable: int, answer: Answer) -> None:
        self._last_settled = stamp_ns
        self._latencies.append((answer.received_ns - stamp_ns) * 1e-6)
        if not answer.sound or answer.shown != (liftable > 0):
            self._counts["wrong"] += 1
            return
        self._counts["answered"] += 1
        self._counts["cleared"] += not answer.shown

    def _forget(self, now_ns: int) -> None:
        """Give up on what is too old, so that a demo may run for days."""
        for stamp in _older(self._asked, now_ns - _FORGET_NS):
            del self._asked[stamp]
            self._missing += 1
        for stamp in _older(self._early, now_ns - _FORGET_NS):
            del self._early[stamp]
            self._stray += 1


def _older(by_stamp: dict[int, int] | dict[int, Answer], than_ns: int) -> list[int]:
    """Stamps from the start of a dictionary, in the order in which they came, that are older."""
    found: list[int] = []
    for stamp in by_stamp:
        if stamp >= than_ns:
            break
        found.append(stamp)
    return found
