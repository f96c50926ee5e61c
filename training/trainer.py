"""One run: where it stands, and how it goes on exactly there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lfm_ros.core.errors import InputError
from training import checkpoint
from training.config import BUILTIN, TrainConfig, weights_of
from training.data.builtin import builtin_sets
from training.data.detector_rigs import with_detector_rigs
from training.data.invented import invented_sets
from training.data.poses import PoseSet, load_folder
from training.data.sampler import PoseBatch, PoseSampler, as_they_are
from training.data.splits import divide, held_out
from training.distributed import Ranks
from training.graphs import GraphedGradient
from training.model import PRESETS, Lifting
from training.optimizers import rate_factor, restore
from training.prefetch import prefetched
from training.step import Learner
from training.threads import threads_for


class Trainer:
    """One run: network, optimizers, data, and where it stands.

    Attributes:
        changes: What a run that goes on learns now, and did not before, one clause each.

    Raises:
        InputError: The configuration asks for what is not there, or does not fit the run.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        torch.set_num_threads(threads_for(config.threads, config.workers))
        self.device = device_of(config.device)
        self.ranks = Ranks.join(self.device)
        torch.manual_seed(config.seed)
        self.train_sets, self.validation_sets = load_sets(config)
        seed = self.ranks.seed(config.seed)
        self.sampling = as_they_are(config.sampler) if config.urdf else config.sampler
        self.sampler = PoseSampler(self.train_sets, self.sampling, seed, self.device)
        self.model = build(config).to(self.device)
        if config.compile:
            # Where there is no C++ compiler this warns and goes on uncompiled.
            torch._dynamo.config.suppress_errors = True
            self.model.compile(dynamic=True)
        self.learner = Learner(self.model, self.ranks.wrap(self.model), config, self.device)
        if config.graphs and self.device == "cuda" and self.ranks.size == 1:
            self.learner.gradient = GraphedGradient(self.learner.gradient)
        if self.ranks.rank:  # the first keeps the state that building the network left
            torch.manual_seed(seed)
        self.samples = 0
        self.changes: list[str] = []
        self._resume()
        self._batches = self._drawn()

    @property
    def steps(self) -> int:
        """Steps taken, over every continuation."""
        return self.learner.steps

    @property
    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon and AdamW."""
        return self.learner.optimizers

    @property
    def averaged(self) -> dict[str, Tensor]:
        """The moving average of the weights."""
        return self.learner.average.weights

    def step(self) -> dict[str, Tensor]:
        """See one batch in each process and learn from it; the terms of this process's loss."""
        with torch.profiler.record_function("data"):
            batch = next(self._batches)
        terms = self.learner.learn(batch, rate_factor(self.samples, self.config))
        self.samples += len(batch.xyz) * self.ranks.size
        return terms

    def _drawn(self) -> Iterator[PoseBatch]:
        if not self.config.workers:
            return iter(self.sampler)
        seed = self.ranks.seed(self.config.seed) + self.samples
        sets, workers = self.train_sets, self.config.workers
        return prefetched(sets, self.sampling, seed, workers, self.device)

    def save(self) -> None:
        """Write weights and state, so that the run goes on exactly where it is.

        Every process must call this; the first one writes.
        """
        random = self.ranks.gather(self._random())
        if not self.ranks.first:
            return
        about = {
            "samples": self.samples,
            "steps": self.steps,
            "train": self.config.as_dict(),
            "sets": {s.family: s.license for _, s in sorted(self.train_sets.items())},
        }
        checkpoint.save_weights(self.config.run, self.model, self.averaged, about)
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "samples": self.samples,
            "steps": self.steps,
            "random": random,
        }
        checkpoint.save_state(self.config.run, state)

    def _random(self) -> dict[str, Any]:
        """The states of everything random in this process."""
        random: dict[str, Any] = {
            "torch": torch.get_rng_state(),
            "numpy": json.dumps(self.sampler.random.bit_generator.state),
        }
        if self.device == "cuda":
            random["cuda"] = torch.cuda.get_rng_state()
        return random

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
        self.learner.average.restore(state["averaged"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            restore(optimizer, saved)
        self.samples, self.learner.steps = state["samples"], state["steps"]
        self.changes = self.config.changes(checkpoint.settings_of(self.config.run))
        self._resume_random(state.get("random", []))

    def _resume_random(self, states: list[dict[str, Any]]) -> None:
        if len(states) != self.ranks.size:
            # No state belongs to these processes; new seeds, but none that was used before.
            seed = self.ranks.seed(self.config.seed) + self.samples
            torch.manual_seed(seed)
            self.sampler = PoseSampler(self.train_sets, self.sampling, seed, self.device)
            return
        own = states[self.ranks.rank]
        torch.set_rng_state(own["torch"])
        self.sampler.random.bit_generator.state = json.loads(own["numpy"])
        if "cuda" in own and self.device == "cuda":
            torch.cuda.set_rng_state(own["cuda"])

    @contextmanager
    def averaged_model(self) -> Iterator[Lifting]:
        """The network with its averaged weights, in evaluation mode."""
        model = Lifting(self.model.config).to(self.device)
        model.load_state_dict(self.averaged)
        yield model.eval()


def build(config: TrainConfig) -> Lifting:
    """The network to start from.

    Raises:
        InputError: No preset, run or shipped weights have this name.
    """
    if config.init is not None:
        return checkpoint.load_weights(weights_of(config.init))[0].train()
    if config.model not in PRESETS:
        raise InputError(f"model {config.model!r} is not known; use one of {list(PRESETS)}")
    return Lifting(PRESETS[config.model])


def device_of(name: str) -> str:
    """``cpu`` or ``cuda``; ``auto`` takes a GPU where there is one.

    Raises:
        InputError: It is neither, or there is no such device.
    """
    there = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if there else "cpu"
    if name not in ("cpu", "cuda") or (name == "cuda" and not there):
        have = "auto, cpu or cuda" if there else "auto or cpu (torch finds no GPU)"
        raise InputError(f"device {name!r} cannot be used; give {have}")
    return name


def load_sets(config: TrainConfig) -> tuple[dict[str, PoseSet], dict[str, PoseSet]]:
    """Training and validation sets: a robot's, our own kinematics, or those of a folder."""
    if config.urdf is not None:
        # Late, for a robot is the only one who needs it.
        from training.data.robot import link_names, urdf_sets

        return divide(*urdf_sets(config.urdf, link_names(config.links), seed=config.seed))
    if config.data == BUILTIN:
        return divide(*builtin_sets())
    sets = load_folder(Path(config.data), use="train")
    train, validation = divide(sets, held_out(sets))
    return with_detector_rigs(train) | invented_sets(config.invented), validation
