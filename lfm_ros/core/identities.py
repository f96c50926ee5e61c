"""Numbers for instances: the detector's where it has any, else new ones that never come again."""

from __future__ import annotations

from collections.abc import Collection

#: What stands for no id; every other number may be one.
UNNAMED = -1

#: Where our own ids go on once the detector has ids too, out of the way of its small numbers.
OWN_FROM = 1_000_000
_LARGEST = 2**31 - 1


class InstanceIds:
    """Gives out ids, int32.

    Our own count from 0, or from ``OWN_FROM`` as soon as the detector has given an id, and none is
    given twice. A detector's id is taken over as it is, unless we gave that number to somebody
    before; then it is replaced by a new one of ours.
    """

    def __init__(self) -> None:
        self._next = 0
        self._early: int | None = None

    def of_detector(self, external: int, taken: Collection[int]) -> int:
        """The id of an instance that the detector calls ``external``."""
        if self._early is None:
            self._early = self._next
            self._next = max(self._next, OWN_FROM)
        if 0 <= external < self._early or OWN_FROM <= external < self._next:
            return self.new(taken)
        return external

    def new(self, taken: Collection[int]) -> int:
        """An id for somebody whom the detector does not name.

        Args:
            taken: Ids in use; a detector may have chosen a number of ours.
        """
        while self._next in taken:
            self._next += 1
        given = self._next
        # After two thousand million instances the oldest are forgotten.
        self._next = given + 1 if given < _LARGEST else OWN_FROM
        return given
