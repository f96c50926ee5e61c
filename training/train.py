"""Train the network: ``python -m training.train --data DIR|builtin --run runs/NAME``.

Continues by itself where ``--run`` stopped. Ctrl-C and SIGTERM save and end.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from lfm_ros.core.errors import InputError
from training import checkpoint
from training.cameras import ViewConfig, Views, render
from training.data.builtin import builtin_sets
from training.data.poses import PoseSet, load_folder
from training.data.sampler import PoseBatch, PoseSampler, SamplerConfig
from training.data.splits import divide, held_out
from training.losses import total_loss
from training.model import PRESETS, Lifting
from training.validate import validate


@dataclass(frozen=True)
class TrainConfig:
    """How to train."""

    data: str = "builtin"
    """Folder of pose sets, or 'builtin' for the poses of our own kinematics."""
    run: Path = Path("runs/small")
    """Where weights, logs and the state for resuming go."""
    model: str = "small"
    """One of the presets in training/model.py: tiny, small, base, paper."""
    init: Path | None = None
    """A run whose weights to start from, for fine-tuning."""
    samples: int = 2_000_000
    """Poses to see in all, over every continuation."""
    minutes: float = math.inf
    """Stop after so many minutes of this call; the next one goes on from there."""
    muon_rate: float = 0.01
    """Learning rate of Muon, for the matrices of the blocks."""
    adamw_rate: float = 1.5e-3
    """Learning rate of AdamW, for everything else."""
    warmup: int = 50_000
    """Samples until the full rate."""
    cooldown: float = 0.2
    """Share of the samples at the end over which the rate falls to zero."""
    average: float = 0.999
    """Decay of the moving average of the weights, a step."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    save_every: float = 120.0
    """Seconds between checkpoints."""
    validate_every: int = 200_000
    """Samples between validations."""
    threads: int = 0
    """CPU threads; 0 leaves it to torch."""
    seed: int = 0
    views: ViewConfig = field(default_factory=ViewConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)


class Trainer:
    """One run: network, optimizers, data, and where it stands."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        torch.manual_seed(config.seed)
        if config.threads:
            torch.set_num_threads(config.threads)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.train_sets, self.validation_sets = load_sets(config.data)
        self.sampler = PoseSampler(self.train_sets, config.sampler, config.seed, self.device)
        self.model = self._build().to(self.device)
        self.averaged = {n: t.detach().clone() for n, t in self.model.state_dict().items()}
        self.optimizers = build_optimizers(self.model, config)
        self.samples = 0
        self.steps = 0
        self._resume()

    def _build(self) -> Lifting:
        if self.config.init is not None:
            return checkpoint.load_weights(self.config.init)[0].train()
        if self.config.model not in PRESETS:
            raise InputError(
                f"model {self.config.model!r} is not known; use one of {list(PRESETS)}"
            )
        return Lifting(PRESETS[self.config.model])

    def step(self) -> dict[str, Tensor]:
        """See one batch and learn from it; the terms of the loss, or nothing if it blew up."""
        batch = self.sampler.batch()
        views = render(batch.xyz, batch.valid, batch.up, self.config.views)
        self._set_rates()
        with torch.autocast(self.device, torch.bfloat16):
            outputs = self.model(
                views.keypoints,
                views.confidence,
                batch.adjacency,
                batch.skeleton_index,
                views.camera,
            )
        terms = total_loss(outputs, views, knowable(batch, views))
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        terms["total"].backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
            self._average()
        self.samples += len(batch.xyz)
        self.steps += 1
        return {**terms, "gradient": norm}

    def _average(self) -> None:
        # A short memory at first, so that the average is usable from the beginning.
        decay = min(self.config.average, self.steps / (self.steps + 10))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                self.averaged[name].lerp_(value, 1 - decay)

    def _set_rates(self) -> None:
        factor = rate_factor(self.samples, self.config)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full_rate"] * factor

    def save(self) -> None:
        """Write weights and state, so that the run goes on exactly where it is."""
        about = {
            "samples": self.samples,
            "steps": self.steps,
            "train": _plain(self.config),
            "sets": {name: poses.license for name, poses in sorted(self.train_sets.items())},
        }
        checkpoint.save_weights(self.config.run, self.model, self.averaged, about)
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "samples": self.samples,
            "steps": self.steps,
            "torch_random": torch.get_rng_state(),
            "numpy_random": json.dumps(self.sampler.random.bit_generator.state),
        }
        if self.device == "cuda":
            state["cuda_random"] = torch.cuda.get_rng_state()
        checkpoint.save_state(self.config.run, state)

    def _resume(self) -> None:
        state = checkpoint.load_state(self.config.run)
        if state is None:
            return
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise InputError(
                f"{self.config.run} was begun with another network than {self.config.model!r}; "
                "give another --run, or the --model that it was begun with"
            ) from error
        self.averaged = {n: t.to(self.device) for n, t in state["averaged"].items()}
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.samples, self.steps = state["samples"], state["steps"]
        torch.set_rng_state(state["torch_random"])
        self.sampler.random.bit_generator.state = json.loads(state["numpy_random"])
        if "cuda_random" in state and self.device == "cuda":
            torch.cuda.set_rng_state(state["cuda_random"])

    @contextmanager
    def averaged_model(self) -> Iterator[Lifting]:
        """The network with its averaged weights, in evaluation mode."""
        model = Lifting(self.model.config).to(self.device)
        model.load_state_dict(self.averaged)
        yield model.eval()


def knowable(batch: PoseBatch, views: Views) -> Tensor:
    """Weight (B, K) of the points that can be asked for.

    A hidden keypoint is known only by its place in the skeleton: without edges it cannot be told
    from any other hidden one.
    """
    degree = batch.adjacency[batch.skeleton_index].sum(-1)
    return (batch.valid & ((views.confidence > 0) | (degree > 0))).to(views.keypoints.dtype)


def build_optimizers(model: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for everything else."""
    named = list(model.named_parameters())
    inner = [p for n, p in named if n.startswith("blocks.") and p.ndim == 2]
    outer = [p for n, p in named if not (n.startswith("blocks.") and p.ndim == 2)]
    muon = torch.optim.Muon(inner, lr=config.muon_rate, weight_decay=0.01, adjust_lr_fn="original")
    adamw = torch.optim.AdamW(outer, lr=config.adamw_rate, betas=(0.9, 0.99), weight_decay=0.01)
    for optimizer, rate in ((muon, config.muon_rate), (adamw, config.adamw_rate)):
        for group in optimizer.param_groups:
            group["full_rate"] = rate
    return [muon, adamw]


def rate_factor(samples: int, config: TrainConfig) -> float:
    """Warm-up, plateau, then a straight line to zero over the last ``cooldown`` of the samples."""
    left = max(0.0, 1 - samples / config.samples)
    return min(1.0, (samples + 1) / max(config.warmup, 1), left / max(config.cooldown, 1e-9))


def load_sets(data: str) -> tuple[dict[str, PoseSet], dict[str, PoseSet]]:
    """Training and validation sets of a folder or of our own kinematics."""
    if data == "builtin":
        return divide(*builtin_sets())
    sets = load_folder(Path(data), use="train")
    return divide(sets, held_out(sets))


def run(config: TrainConfig) -> Trainer:
    """Train until the samples or the minutes are used up."""
    trainer = Trainer(config)
    writer = SummaryWriter(str(config.run))
    begun = saved = time.monotonic()
    bar = tqdm(total=config.samples, initial=trainer.samples, unit="pose", unit_scale=True)
    try:
        while trainer.samples < config.samples and time.monotonic() - begun < 60 * config.minutes:
            before = trainer.samples
            terms = trainer.step()
            bar.update(trainer.samples - before)
            if trainer.steps % 50 == 0:
                _log(
                    config.run,
                    writer,
                    bar,
                    trainer.samples,
                    {k: float(v) for k, v in terms.items()},
                )
            if before // config.validate_every != trainer.samples // config.validate_every:
                with trainer.averaged_model() as model:
                    errors = validate(model, trainer.validation_sets, config.views)
                _log(config.run, writer, None, trainer.samples, errors)
            if time.monotonic() - saved > config.save_every:
                trainer.save()
                saved = time.monotonic()
    except KeyboardInterrupt:
        bar.write("stopped; the same command goes on from here")
    finally:
        bar.close()
        writer.close()
        trainer.save()
    return trainer


def _log(
    folder: Path,
    writer: SummaryWriter,
    bar: tqdm[Any] | None,
    samples: int,
    values: dict[str, float],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"samples": samples, "time": time.time(), **values}) + "\n")
    for name, value in values.items():
        writer.add_scalar(name, value, samples)
    if bar is not None:
        bar.set_postfix({k: f"{v:.3f}" for k, v in values.items() if k in ("procrustes", "camera")})


def _plain(config: TrainConfig) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(config), default=str))


def main() -> None:
    """Read the command line and train."""
    np.seterr(all="raise", under="ignore")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(tyro.cli(TrainConfig, description=__doc__))


if __name__ == "__main__":
    main()
