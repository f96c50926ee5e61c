"""What the person at the terminal reads: one line a step, one sentence when it cannot go on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stop(Exception):
    """The environment cannot be made ready; the message is the sentence to show."""


def say(text: str) -> None:
    """Print a line at once, also where stdout is a pipe."""
    print(f"lfm_ros: {text}", flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step before it starts and print its wall time behind it when it ends."""
    print(f"lfm_ros: {text} ... ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        sys.stdout.flush()
        raise
    print(f"{time.monotonic() - start:.0f} s", flush=True)
