"""Ctrl-C and its relatives as something to look at between steps, not something that strikes."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any

WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """While the context lasts, signals are noted and do nothing else.

    A KeyboardInterrupt in the middle of the clean-up would leave processes behind.

    Attributes:
        number: The first signal that came; 0 if none did.
        impatient: Whether a second one came: time to stop being gentle.
    """

    def __init__(self) -> None:
        self.number = 0
        self.impatient = False
        # An Event has a lock, for which a handler that interrupts its owner would wait for ever.
        self._came: SimpleQueue[None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        # Only the main thread may set handlers; what runs in another one is not interrupted.
        if threading.current_thread() is threading.main_thread():
            self._before = {one: signal.signal(one, self._note) for one in WATCHED}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def wait(self, seconds: float) -> bool:
        """Wait until a signal has come, or for so long.

        Returns:
            Whether one has come, now or before.
        """
        if not self.number:
            with suppress(Empty):
                self._came.get(timeout=max(seconds, 0.0))
        return bool(self.number)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.impatient = bool(self.number)
        self.number = self.number or number
        self._came.put(None)
