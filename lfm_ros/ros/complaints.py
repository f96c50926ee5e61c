"""Log lines that say what is wrong once, and not thirty times a second."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

_QUIET_SECONDS = 10.0
# Texts can quote a message, and there is no end to what may be sent.
_REMEMBERED = 100


class Complaints:
    """Warnings, each at most once in ten seconds.

    rclpy throttles by the line of code that logs; here one line serves many causes, and a frequent
    one must not hide a rare one. Texts that differ only in their numbers are the same complaint.
    Only the last hundred different ones are remembered.

    Args:
        logger: The node's logger.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Say everything again when it happens next."""
        with self._lock:
            self._quiet_until: dict[str, float] = {}
            self._unsaid: dict[str, int] = {}

    def warn(self, text: str) -> None:
        """Log ``text``, unless it was logged a moment ago."""
        self._say(text, _QUIET_SECONDS)

    def warn_once(self, text: str) -> None:
        """Log ``text``, unless it was logged since the last ``clear``."""
        self._say(text, float("inf"))

    def _say(self, text: str, quiet_seconds: float) -> None:
        key, now = re.sub(r"[\d.]+", "#", text), time.monotonic()
        with self._lock:
            if now < self._quiet_until.get(key, 0.0):
                self._unsaid[key] = self._unsaid.get(key, 0) + 1
                return
            more = self._unsaid.pop(key, 0)
            self._quiet_until.pop(key, None)
            self._quiet_until[key] = now + quiet_seconds
            if len(self._quiet_until) > _REMEMBERED:
                oldest = next(iter(self._quiet_until))
                del self._quiet_until[oldest]
                self._unsaid.pop(oldest, None)
        self._logger.warning(f"{text} ({more} more since last said)" if more else text)
