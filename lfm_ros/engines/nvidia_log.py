"""What NVIDIA's library says, kept so that it can be read when something went wrong.

The library takes one logger for the whole process and silently ignores every later one; so there
is one, made with the module and never again (``lfm_ros.engines.nvidia.find``).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

_KEPT = 500  # serious messages outside a recording
_SERIOUS = ("INTERNAL_ERROR", "ERROR", "WARNING")


class Entry(NamedTuple):
    """One message: its severity as NVIDIA names it (``VERBOSE`` ... ``ERROR``), and its text."""

    severity: str
    text: str

    @property
    def serious(self) -> bool:
        """Whether it is a warning or worse."""
        return self.severity in _SERIOUS

    def __str__(self) -> str:
        return f"[{self.severity}] {self.text}"


class NvidiaLog:
    """Keeps warnings and errors always, and everything while a recording is open."""

    def __init__(self) -> None:
        self._serious: deque[Entry] = deque(maxlen=_KEPT)
        self._recordings: list[list[Entry]] = []
        self._lock = threading.Lock()

    def take(self, severity: str, text: str) -> None:
        """Called by the library, from any of its threads."""
        entry = Entry(severity, text)
        with self._lock:
            for recording in self._recordings:
                recording.append(entry)
            if entry.serious:
                self._serious.append(entry)

    @contextmanager
    def recording(self) -> Iterator[list[Entry]]:
        """Every message that comes while the block runs."""
        entries: list[Entry] = []
        with self._lock:
            self._recordings.append(entries)
        try:
            yield entries
        finally:
            with self._lock:
                # By identity: two recordings may well be equal.
                self._recordings = [r for r in self._recordings if r is not entries]

    def serious(self) -> list[Entry]:
        """The latest warnings and errors, oldest first."""
        with self._lock:
            return list(self._serious)

    def last_error(self) -> str:
        """The latest error as a clause for a sentence of ours."""
        errors = [entry.text for entry in self.serious() if entry.severity != "WARNING"]
        return errors[-1] if errors else "it gave no reason"


def library_logger(module: Any, log: NvidiaLog) -> Any:
    """The object that NVIDIA's module calls, made of its own base class."""

    class Logger(module.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            module.ILogger.__init__(self)

        def log(self, severity: Any, text: str) -> None:
            log.take(severity.name, text)

    return Logger()
