"""What arrived in the last moments, found again by its stamp."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class History(Generic[Value]):
    """The newest values of one topic. Stamps may go back, as when a recording starts again.

    Args:
        depth: How many values are kept.
    """

    def __init__(self, depth: int = 90) -> None:
        self._depth = depth
        self._values: OrderedDict[int, Value] = OrderedDict()

    def put(self, stamp_ns: int, value: Value) -> None:
        """Add a value; the same stamp replaces the older one."""
        self._values.pop(stamp_ns, None)
        self._values[stamp_ns] = value
        while len(self._values) > self._depth:
            self._values.popitem(last=False)

    def at(self, stamp_ns: int) -> Value | None:
        """The value of exactly this stamp."""
        return self._values.get(stamp_ns)

    @property
    def latest(self) -> tuple[int, Value] | None:
        """Stamp and value that arrived last."""
        if not self._values:
            return None
        stamp = next(reversed(self._values))
        return stamp, self._values[stamp]
