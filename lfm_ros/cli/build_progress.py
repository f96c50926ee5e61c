"""The builder's progress: one line that is written over, or in a log a line now and then."""

from __future__ import annotations

import sys
import time

_TERMINAL_S, _LOG_S = 0.1, 5.0


class BuildProgress:
    """Writes to stderr while the ``with`` lasts."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> BuildProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._erase()

    def say(self, sentence: str) -> None:
        """Print a sentence above the line."""
        self._erase()
        print(sentence, file=sys.stderr, flush=True)

    def show(self, phase: str, share: float) -> None:
        """What the builder is doing, and how much of that is done."""
        now = time.monotonic()
        if now - self._shown < (_TERMINAL_S if self._live else _LOG_S):
            return
        self._shown = now
        text = f"building, {now - self._began:.0f} s: {phase} {share:.0%}"
        start, end = ("\r\x1b[K", "") if self._live else ("", "\n")
        print(f"{start}{text[:100]}", end=end, file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
