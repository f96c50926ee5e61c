"""One line that is rewritten in place on a terminal, and follows itself elsewhere."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO


class StatusLine:
    """The last line of the output.

    Args:
        stream: Where it is written; None is stdout.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._open = False

    def show(self, text: str) -> None:
        """Replace the line; where that is impossible, write another one."""
        if self._in_place:
            # A line that wraps could not be rewritten.
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\x1b[K{text[:width]}")
            self._open = True
        else:
            self._write(f"{text}\n")

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self.leave()
        self._write(f"{text}\n")

    def leave(self) -> None:
        """Let the line stand; what follows begins below it."""
        if self._open:
            self._write("\n")
        self._open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
