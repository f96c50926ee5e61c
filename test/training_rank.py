"""One of several processes that train together: ``python training_rank.py FOLDER``.

torchrun's variables say which one. ``FOLDER`` holds the poses; what each process found goes to
``FOLDER/<rank>.pt``. ``test_training_distributed.py`` compares them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from training.cameras import ViewConfig
from training.config import TrainConfig
from training.data.sampler import SamplerConfig
from training.model import PRESETS, ModelConfig
from training.step import see
from training.trainer import Trainer

POSES, STEPS = 16, 2


def config(folder: Path, data: Path | None = None) -> TrainConfig:
    """A small network on the poses of a folder.

    Nothing hidden and no edges dropped: every process is asked for as many points, so that the
    mean of their losses is the loss of all their points. No rounding to bfloat16 and no clipping,
    or gradients would only agree roughly.
    """
    PRESETS["nano"] = ModelConfig(width=32, layers=2, heads=2, walk_steps=4)
    return TrainConfig(
        data=str(data or folder / "data"),
        run=folder / "run",
        model="nano",
        warmup=1,
        threads=1,
        device="cpu",
        bf16=False,
        clip=1e9,
        views=ViewConfig(hidden=0.0),
        sampler=SamplerConfig(rigs=2, per_rig=POSES // 2, edges_dropped=0.0),
    )


def gradient(trainer: Trainer, poses: slice) -> list[Tensor]:
    """What some poses of one batch, the same in every process, leave in the parameters."""
    trainer.sampler.random = np.random.default_rng(7)
    torch.manual_seed(7)
    batch = trainer.sampler.batch()
    views = see(batch, trainer.config)
    trainer.learner.backward(_part(batch, poses), _part(views, poses))
    return [p.grad.clone() for p in trainer.model.parameters() if p.grad is not None]


def _part(of: Any, poses: slice) -> Any:
    """Some of the poses; what belongs to rigs stays whole."""
    values = {f.name: getattr(of, f.name) for f in fields(of)}
    return replace(of, **{n: v[poses] for n, v in values.items() if len(v) == POSES})


def state(trainer: Trainer) -> dict[str, list[Tensor]]:
    """Everything that must be equal in all processes."""
    moments = [
        torch.as_tensor(value)
        for optimizer in trainer.optimizers
        for values in optimizer.state.values()
        for value in values.values()
    ]
    return {
        "weights": list(trainer.model.state_dict().values()),
        "average": list(trainer.averaged.values()),
        "moments": moments,
    }


def main() -> None:
    folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    trainer = Trainer(config(folder))
    half = POSES // 2
    found: dict[str, Any] = {"gradient": gradient(trainer, slice(rank * half, (rank + 1) * half))}
    # From here on as in a run: each with random numbers of its own.
    trainer = Trainer(config(folder))
    found["losses"] = [float(trainer.step()["total"]) for _ in range(STEPS)]
    found |= {"state": state(trainer), "samples": trainer.samples}
    found["agreed"] = trainer.ranks.any(rank == 1, False)
    trainer.save()
    found["next"] = float(trainer.step()["total"])
    found["resumed"] = float(Trainer(config(folder)).step()["total"])
    torch.save(found, folder / f"{rank}.pt")
    trainer.ranks.leave()


if __name__ == "__main__":
    main()
