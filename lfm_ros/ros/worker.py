"""The thread that lifts, behind a short queue in which the newest frames win."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")

_JOIN_SECONDS = 5.0
# A thread that was woken has its item in a tenth of that; nobody waits longer for it.
_PICK_UP_SECONDS = 0.001


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
        # Each with a lock that is released when the thread takes it.
        self._waiting: deque[tuple[Item, threading.Lock]] = deque()
        self._changing = threading.Lock()
        # One for each item that was offered, dropped ones too, and one to stop.
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._idle = self._stopped = False
        self._thread = threading.Thread(target=self._run, name="lfm-lifter", daemon=True)

    def start(self) -> None:
        """Begin to handle items."""
        self._thread.start()

    def offer(self, item: Item) -> None:
        """Queue an item, in place of the oldest one if the queue is full."""
        taken = threading.Lock()
        taken.acquire()
        with self._changing:
            full = len(self._waiting) >= self._depth
            if full:
                self._waiting.popleft()
            self._waiting.append((item, taken))
        idle = self._idle
        self._tokens.put(None)
        if full:
            self._on_drop()
        if idle:
            # The thread needs the interpreter, which this one would keep while it prepares its
            # next wait for messages; that takes longer than it takes the other to wake up.
            taken.acquire(timeout=_PICK_UP_SECONDS)

    def stop(self) -> int:
        """Finish the item in hand and end the thread.

        Returns:
            How many items were still waiting and are dropped.
        """
        with self._changing:
            self._stopped = True
            left = len(self._waiting)
            self._waiting.clear()
        self._tokens.put(None)
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        return left

    def _run(self) -> None:
        while True:
            self._idle = True
            self._tokens.get()
            self._idle = False
            with self._changing:
                if self._stopped:
                    return
                if not self._waiting:
                    continue  # the token of an item that was dropped
                item, taken = self._waiting.popleft()
            taken.release()
            self._handle(item)
