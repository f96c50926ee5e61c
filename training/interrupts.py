"""Ctrl-C and SIGTERM as a wish that is read between steps, so that no half-done step is saved."""

from __future__ import annotations

from types import FrameType

from lfm_ros.signals import Signals


class Interrupts(Signals):
    """Within this context the first signal makes ``wanted`` true; the second one ends at once."""

    @property
    def wanted(self) -> bool:
        """Whether somebody wants the training to end."""
        return bool(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        super()._note(number, frame)
        if self.impatient:
            raise KeyboardInterrupt
