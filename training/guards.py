"""What keeps a run from being spoilt unnoticed: gradients that are not finite, and spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from lfm_ros.core.errors import LfmError

LONGEST_ROW = 100
"""So many steps in a row may be skipped."""
_SPIKE, _MEMORY = 1.5, 0.8


class DivergedError(LfmError):
    """Training makes no progress any more."""


class Guard:
    """Means of what steps report, and which of the steps were skipped, all kept on the device.

    The host looks at them once in a while (``read``), so that no step waits for it.
    """

    def __init__(self, device: str) -> None:
        self.skipped = torch.zeros((), device=device)
        self.in_a_row = torch.zeros((), device=device)
        self._count = torch.zeros((), device=device)
        self._sums: dict[str, Tensor] = {}
        self._usual: float | None = None

    def judge(self, norm: Tensor) -> Tensor:
        """1 if a gradient of this norm must be skipped, else 0."""
        bad = (~torch.isfinite(norm)).float()
        self.skipped += bad
        self.in_a_row.add_(1).mul_(bad)
        return bad

    def add(self, terms: dict[str, Tensor], bad: Tensor) -> None:
        """Note what a step reports; nothing of a skipped one."""
        self._count += 1 - bad
        for name, value in terms.items():
            total = self._sums.setdefault(name, torch.zeros_like(self._count))
            total += torch.where(bad > 0, 0.0, value.detach())

    def read(self) -> dict[str, float]:
        """Means since the last reading, and how many steps were skipped in all."""
        count = max(float(self._count), 1.0)
        means = {name: float(total) / count for name, total in self._sums.items()}
        self._sums, self._count = {}, torch.zeros_like(self._count)
        return {**means, "skipped": float(self.skipped)}

    def spike(self, loss: float) -> str | None:
        """A note if the loss is far above what it usually is.

        Args:
            loss: Mean since the last reading.
        """
        usual = self._usual
        self._usual = loss if usual is None else _MEMORY * usual + (1 - _MEMORY) * loss
        # Where the loss is a log-likelihood it may pass zero; a ratio says nothing there.
        if usual is None or usual <= 0 or loss < _SPIKE * usual:
            return None
        return f"loss spike: {loss:.3f}, where {usual:.3f} was usual"

    def check(self, saved: str) -> None:
        """Stop a run that goes nowhere.

        Args:
            saved: What holds the last good weights, for the message.

        Raises:
            DivergedError: Too many steps in a row had to be skipped.
        """
        row = int(self.in_a_row)
        if row >= LONGEST_ROW:
            raise DivergedError(
                f"the gradient was not finite {row} steps in a row, so nothing was learnt from "
                f"them; {saved}. Give smaller --muon-rate and --adamw-rate in a new --run with "
                "--init, or look for values in the data that are no coordinates"
            )
