"""Messages that the middleware lost on their way, known by the numbers that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SequenceGaps:
    """Looks at the numbers that one publisher gives its messages.

    Best-effort messages that find no room are dropped in silence: no error, no event, only a gap.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def lost(self, info: Mapping[str, Any]) -> int:
        """How many messages are missing between the last one and this one.

        Args:
            info: What rclpy says of a message beside its content. A middleware that does not count
                leaves the number out.
        """
        number = info.get("publication_sequence_number")
        last, self._last = self._last, number
        # A publisher that starts again counts from the beginning.
        if not last or not number or number <= last:
            return 0
        return number - last - 1
