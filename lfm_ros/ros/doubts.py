"""What seems to be wrong with the inputs now: said once, counted, and shown while it lasts."""

from __future__ import annotations

from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.statistics import Statistics


class Doubts:
    """Doubts by cause. One is raised or withdrawn in one thread, ``first`` is for any.

    Args:
        statistics: Counts each doubtful frame as ``noted_<cause>``.
        complaints: Says a doubt when it comes up.
    """

    def __init__(self, statistics: Statistics, complaints: Complaints) -> None:
        self._statistics, self._complaints = statistics, complaints
        self._standing: dict[str, str] = {}

    @property
    def first(self) -> str:
        """The doubt that has stood for longest, as a sentence; empty if there is none."""
        return next(iter(tuple(self._standing.values())), "")

    def raise_(self, cause: str, why: str, *, counted: bool = True) -> None:
        """A frame is doubtful, and so are the next ones until the doubt is withdrawn.

        Args:
            cause: Which doubt it is.
            why: What was found, what was expected, and what to do.
            counted: False where the caller counts.
        """
        if counted:
            self._statistics.noted(cause)
        if cause not in self._standing:
            self._complaints.warn_once(why)
            self._standing[cause] = why

    def withdraw(self, cause: str) -> None:
        """A frame is as it should be."""
        if self._standing:
            self._standing.pop(cause, None)

    def clear(self) -> None:
        """Begin without doubts."""
        self._standing.clear()
