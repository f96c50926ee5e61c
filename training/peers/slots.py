"""Which input of a fixed-order network each keypoint of each set goes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from training.cameras import Views

#: ``own``: every category has slots of its own, so the network is told category and keypoint.
#: ``shared``: all begin at the first slot; keypoints keep their order, the category is not told.
#: ``permuted``: as ``shared``, each instance in an order of its own: no object information at all.
Order = Literal["own", "shared", "permuted"]


class Slots:
    """Places of the keypoints of several sets in one vector of fixed length."""

    def __init__(self, keypoints: dict[str, int], order: Order = "own") -> None:
        """``keypoints`` is the number of keypoints of each set, by name."""
        self.keypoints = keypoints
        self.order = order
        own = order == "own"
        starts = torch.tensor([0, *keypoints.values()]).cumsum(0).tolist()
        self.count = starts[-1] if own else max(keypoints.values())
        self._start = {n: s if own else 0 for n, s in zip(keypoints, starts, strict=False)}

    def places(self, name: str, instances: int) -> Tensor:
        """Slot (B, K) of each keypoint; in random order where ``permuted``."""
        count = self.keypoints[name]
        if self.order == "permuted":
            return torch.rand(instances, count).argsort(-1)
        return (self._start[name] + torch.arange(count)).expand(instances, count)

    def fill(self, values: Tensor, places: Tensor) -> Tensor:
        """Put values (B, K, ...) into their slots: (B, N, ...), zeros elsewhere."""
        slots = values.new_zeros(len(values), self.count, *values.shape[2:])
        slots[torch.arange(len(values))[:, None], places] = values
        return slots

    def fill_views(self, views: Views, places: Tensor) -> Views:
        """The same views with their keypoints in the slots."""
        names = ("keypoints", "confidence", "truth", "valid")
        return replace(views, **{n: self.fill(getattr(views, n), places) for n in names})


def taken(slots: Tensor, places: Tensor) -> Tensor:
    """What stands in the slots ``places`` (B, K) of ``slots`` (B, N, ...): (B, K, ...)."""
    return slots[torch.arange(len(slots))[:, None], places]
