"""CUDA graphs: the gradient of a step replayed as one launch instead of hundreds.

A graph has one shape, so batches are padded to a few counts of keypoints, one graph each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from training.data.sampler import PoseBatch

BUCKETS = (8, 12, 16, 20, 24, 32, 48, 64, 96, 128)
"""Counts of keypoints; the steps are small enough that padding wastes a sixth on average."""
_WARM_UP = 3
Gradient = Callable[[PoseBatch], dict[str, Tensor]]


def bucket(keypoints: int) -> int:
    """The smallest bucket that holds so many keypoints; larger rigs have one of their own."""
    return next((b for b in BUCKETS if b >= keypoints), keypoints)


def padded(batch: PoseBatch, keypoints: int) -> PoseBatch:
    """The same batch with keypoints that are not valid and have no edges behind its own."""
    count = batch.xyz.shape[1]
    more = keypoints - count
    own = torch.arange(count, keypoints, device=batch.xyz.device)
    return replace(
        batch,
        xyz=functional.pad(batch.xyz, (0, 0, 0, more)),
        valid=functional.pad(batch.valid, (0, more)),
        adjacency=functional.pad(batch.adjacency, (0, more, 0, more)),
        side=functional.pad(batch.side, (0, more)),
        twin=torch.cat([batch.twin, own.expand(len(batch.twin), -1)], -1),
    )


@dataclass
class _Captured:
    graph: torch.cuda.CUDAGraph
    batch: PoseBatch
    terms: dict[str, Tensor]


class GraphedGradient:
    """A gradient as CUDA graphs, captured when a shape is first met.

    Args:
        gradient: Leaves the gradient in the parameters; never asks the device for a value.
    """

    def __init__(self, gradient: Gradient) -> None:
        self._gradient = gradient
        self._captured: dict[tuple[torch.Size, ...], _Captured] = {}

    def __call__(self, batch: PoseBatch) -> dict[str, Tensor]:
        batch = padded(batch, bucket(batch.xyz.shape[1]))
        shape = tuple(t.shape for t in _tensors(batch))
        if shape not in self._captured:
            self._captured[shape] = self._capture(batch)
        captured = self._captured[shape]
        for ours, theirs in zip(_tensors(captured.batch), _tensors(batch), strict=True):
            ours.copy_(theirs)
        captured.graph.replay()
        return captured.terms

    def _capture(self, batch: PoseBatch) -> _Captured:
        batch = PoseBatch(*(t.clone() for t in _tensors(batch)))
        # Libraries set themselves up in their first calls, which no graph may hold.
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UP):
                self._gradient(batch)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            terms = self._gradient(batch)
        return _Captured(graph, batch, terms)


def _tensors(batch: PoseBatch) -> list[Tensor]:
    return [getattr(batch, f.name) for f in fields(batch)]
