"""Several processes, on one machine or many: ``torchrun --nproc-per-node N -m -- training.train``.

Each process draws its own batches; the gradient is the mean over the processes of what each of them
finds on its batch. All take the same step, so weights, moments and average stay equal everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

# Far enough apart that the seeds people give do not meet those of other processes.
_STRIDE = 1_000_003
T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """Which of the processes this one is."""

    rank: int = 0
    size: int = 1
    local: int = 0
    """Which of those on this machine: the number of its GPU."""

    @classmethod
    def join(cls, device: str) -> Ranks:
        """Join the others that torchrun started; alone where it started none."""
        if "WORLD_SIZE" not in os.environ:
            return cls()
        ranks = cls(*(int(os.environ[k]) for k in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
        if device == "cuda":
            torch.cuda.set_device(ranks.local)
        if not dist.is_initialized():
            dist.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")
        return ranks

    @property
    def first(self) -> bool:
        """Whether this process logs, validates and saves."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """This process's own seed."""
        return seed + _STRIDE * self.rank

    def wrap(self, model: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over all processes."""
        if self.size == 1:
            return model
        # The only buffers are frozen frequencies, the same everywhere.
        return DistributedDataParallel(model, broadcast_buffers=False)

    def any(self, *wishes: bool) -> tuple[bool, ...]:
        """Whether any process has each wish: what one wants, all do in the same step."""
        if self.size == 1:
            return wishes
        # On the CPU in any case, so that nobody waits for a GPU.
        asked = torch.tensor([float(w) for w in wishes])
        dist.all_reduce(asked, dist.ReduceOp.MAX)
        return tuple(bool(a > 0) for a in asked)

    def gather(self, value: T) -> list[T]:
        """What each process has, in the order of the ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def leave(self) -> None:
        """Part from the others, if there are any."""
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()
