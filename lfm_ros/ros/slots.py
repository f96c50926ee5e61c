"""A fixed set of frame names, used in turn by whoever is in view."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence


class TrackSlots:
    """Lends slot numbers to instance ids.

    tf2 keeps every frame name for ever, so names cannot hold the ids of everybody who ever came
    by. An id keeps its slot as long as nobody else needs it; a newcomer gets the lowest free slot,
    and when there is none, the slot of the id that has not been seen for the longest time.

    Args:
        count: How many slots there are.
    """

    def __init__(self, count: int) -> None:
        self._free = list(range(count))
        # From the id that was not seen for the longest time to the one seen last.
        self._slot_of: OrderedDict[int, int] = OrderedDict()

    def assign(self, ids: Sequence[int]) -> list[int | None]:
        """Slots of the ids of one frame.

        Returns:
            One slot an id. None for an id that is there twice (from the second time on), and for
            ids beyond the number of slots.
        """
        for known in ids:
            if known in self._slot_of:
                self._slot_of.move_to_end(known)
        present, slots = set(ids), []
        done: set[int] = set()
        for one in ids:
            slots.append(None if one in done else self._lend(one, present))
            done.add(one)
        return slots

    def _lend(self, one: int, present: set[int]) -> int | None:
        if one in self._slot_of:
            return self._slot_of[one]
        if self._free:
            slot = self._free.pop(0)
        else:
            longest_gone = next(iter(self._slot_of))
            if longest_gone in present:
                return None
            slot = self._slot_of.pop(longest_gone)
        self._slot_of[one] = slot
        return slot
