"""The moving average of the weights: what is validated, evaluated and exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average over everything in a network's state.

    Attributes:
        weights: The average, by the names of ``state_dict``.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        state = model.state_dict()
        self._followed = list(state.values())
        self.weights = {name: t.detach().clone() for name, t in state.items()}

    @torch.no_grad()
    def follow(self, steps: int) -> None:
        """Move towards the network's weights after so many steps."""
        # A short memory at first, so that the average is usable from the beginning.
        decay = min(self.decay, steps / (steps + 10))
        torch._foreach_lerp_(list(self.weights.values()), self._followed, 1 - decay)

    @torch.no_grad()
    def restore(self, weights: dict[str, Tensor]) -> None:
        """Take over an average that was saved."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
