"""The thread that lifts, behind a short queue in which the newest frames win."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

_JOIN_SECONDS = 5.0


class Worker(Generic[Item]):
    """Handles items one after the other in a thread of its own.

    The executor's thread must stay free to take messages out of the middleware, so it only offers
    items here. When more than ``depth`` wait, the oldest is dropped: on a robot an old frame is
    worth less than a new one.

    Args:
        handle: Called in the thread with each item. It must not raise.
        depth: How many items may wait.
        on_drop: Called in the offering thread for each item that is dropped.
    """

    def __init__(
        self, handle: Callable[[Item], None], depth: int, on_drop: Callable[[], None]
    ) -> None:
        self._handle = handle
        self._on_drop = on_drop
        self._depth = depth
        self._waiting: deque[Item] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="lfm-lifter", daemon=True)

    def start(self) -> None:
        """Begin to handle items."""
        self._thread.start()

    def offer(self, item: Item) -> None:
        """Queue an item, in place of the oldest one if the queue is full."""
        with self._changed:
            full = len(self._waiting) >= self._depth
            if full:
                self._waiting.popleft()
            self._waiting.append(item)
            self._changed.notify()
        if full:
            self._on_drop()

    def stop(self) -> int:
        """Finish the item in hand and end the thread.

        Returns:
            How many items were still waiting and are dropped.
        """
        with self._changed:
            self._stopped = True
            left = len(self._waiting)
            self._waiting.clear()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        return left

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._waiting)
                if self._stopped:
                    return
                item = self._waiting.popleft()
            self._handle(item)
