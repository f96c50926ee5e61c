"""The one thread that moves data from the board to the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lfm_ros.viewer.board import Board
from lfm_ros.viewer.page import Page

MOST_HZ = 30.0
STALE_AFTER = 1.0
"""Seconds without points after which the page turns grey."""


class Feed:
    """Draws the newest data, at most `MOST_HZ` times a second, and nothing while nobody looks.

    Args:
        board: Where the data comes from.
        page: Where it goes.
        complain: Told when a frame cannot be drawn; the next one is tried all the same.
    """

    def __init__(self, board: Board, page: Page, complain: Callable[[str], None]) -> None:
        self._board, self._page, self._complain = board, page, complain
        self._ended = threading.Event()
        self._drawn = -1
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def start(self) -> None:
        """Start drawing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop drawing; returns when the thread has ended."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def step(self) -> None:
        """Draw what is new, or show that nothing is."""
        if not self._page.watched:
            return
        version, age = self._board.version, self._board.age
        if age is not None and version != self._drawn:
            self._drawn = version
            self._page.show(self._board.compose(), self._board.status())
        # Not else: a browser may come when the data has long ended.
        if age is None or age > STALE_AFTER:
            self._page.mute(self._board.status(), age)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            began = time.monotonic()
            try:
                self.step()
            except Exception as error:
                # The page is a window on a robot: one strange message must not close it.
                self._complain(f"the page could not be drawn: {type(error).__name__}: {error}")
            ended = time.monotonic()
            # A thousand instances take long to draw: half the time is left to the callbacks.
            due = max(began + 1.0 / MOST_HZ, ended + (ended - began))
