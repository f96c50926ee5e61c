"""Batches drawn ahead by other processes, for a device that is faster than one CPU core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.data.poses import PoseSet
from training.data.sampler import PoseBatch, PoseSampler, SamplerConfig

# Workers of one process draw from seeds in a row; those of the next are far away.
_STRIDE = 7919


class _Batches(IterableDataset[tuple[Tensor, ...]]):
    def __init__(self, sets: dict[str, PoseSet], config: SamplerConfig, seed: int) -> None:
        self._sets, self._config, self._seed = sets, config, seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        worker = get_worker_info()
        number = 0 if worker is None else worker.id + 1
        sampler = PoseSampler(self._sets, self._config, self._seed + _STRIDE * number, "cpu")
        names = [f.name for f in fields(PoseBatch)]
        for batch in sampler:
            yield tuple(getattr(batch, name) for name in names)


def prefetched(
    sets: dict[str, PoseSet], config: SamplerConfig, seed: int, workers: int, device: str
) -> Iterator[PoseBatch]:
    """Endless batches on the device, drawn by ``workers`` processes.

    Another seed for each continuation, or a run would see the same batches again.
    """
    loader = DataLoader(
        _Batches(sets, config, seed),
        batch_size=None,
        num_workers=workers,
        pin_memory=device == "cuda",
        prefetch_factor=4,
    )
    for tensors in loader:
        yield PoseBatch(*(t.to(torch.device(device), non_blocking=True) for t in tensors))
