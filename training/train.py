"""Train the network: ``python -m training.train --data DIR|builtin --run runs/NAME``.

Continues by itself where ``--run`` stopped. Ctrl-C and SIGTERM save and end; a second Ctrl-C ends
at once. On several GPUs or machines: ``torchrun --nproc-per-node N -m -- training.train ...``
(without the ``--``, torchrun takes ``--run`` for an option of its own).
"""

from __future__ import annotations

import re
import shlex
import sys
import time

import numpy as np
import torch

from training.command import options_of, sentences
from training.config import TrainConfig
from training.interrupts import Interrupts
from training.runlog import LEGEND, RunLog
from training.trainer import Trainer
from training.validate import in_words, validate

__all__ = ["TrainConfig", "Trainer", "run"]

_LOG_EVERY = 50


class _Clock:
    """When to save and when to stop, by this process's clock."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self._begun = self._saved = time.monotonic()

    def save(self) -> bool:
        return time.monotonic() - self._saved > self._config.save_every

    def saved(self) -> None:
        self._saved = time.monotonic()

    def stop(self) -> bool:
        return time.monotonic() - self._begun >= 60 * self._config.minutes


def run(config: TrainConfig) -> Trainer:
    """Train until the samples or the minutes are used up, or until somebody interrupts.

    Raises:
        DivergedError: Nothing is learnt any more. What was saved last stays as it is.
    """
    trainer = Trainer(config)
    log = RunLog(config.run, config.samples, trainer.samples, silent=not trainer.ranks.first)
    log.say(_beginning(trainer))
    if trainer.changes:
        log.note(
            trainer.samples,
            f"this run goes on with something else: {'; '.join(trainer.changes)}. If that is not "
            "meant, stop it and give another --run",
        )
    try:
        with Interrupts() as interrupts:
            _loop(trainer, log, interrupts)
            # Only here, between two steps: what an error leaves behind is not worth keeping.
            trainer.save()
        if interrupts.wanted:
            log.note(trainer.samples, "stopped; the same command goes on from here")
        elif trainer.samples >= config.samples:
            log.say(_next_step(config))
    finally:
        log.close()
    return trainer


def _beginning(trainer: Trainer) -> str:
    config = trainer.config
    if trainer.samples >= config.samples:
        return (
            f"{config.run} has seen its {trainer.samples:,} poses; to go on give more --samples, "
            "to begin anew another --run"
        )
    threads = torch.get_num_threads()
    where = "the GPU" if trainer.device == "cuda" else f"{threads} CPU thread{'s'[: threads - 1]}"
    held = sum(len(poses) for poses in trainer.validation_sets.values())
    judged = (
        f"judged on {held:,} held-out poses every {config.validation_period:,} and at the end"
        if held
        else "not judged: no set has sequences enough to hold some out (docs/training.md)"
    )
    return f"{config.samples:,} poses on {where}, {judged}\n{LEGEND}"


def _next_step(config: TrainConfig) -> str:
    name = re.sub(r"[^\w.-]", "_", config.run.resolve().name)
    command = ["python", "-m", "training.export", "--run", str(config.run)]
    command += ["--name", f"lfm_{name}.v1", "--output", f"config/models/{name}"]
    return f"what a lifter can load is made of it by: {shlex.join(command)}"


def _loop(trainer: Trainer, log: RunLog, interrupts: Interrupts) -> None:
    config, clock = trainer.config, _Clock(trainer.config)
    period = config.validation_period
    saved = judged = trainer.samples
    while trainer.samples < config.samples:
        stop, save = trainer.ranks.any(interrupts.wanted or clock.stop(), clock.save())
        if stop:
            break
        if save:
            trainer.save()
            clock.saved()
            saved = trainer.samples
        before = trainer.samples
        trainer.step()
        log.advance(trainer.samples - before)
        if trainer.steps % _LOG_EVERY == 0:
            _report(trainer, log, saved)
        if before // period != trainer.samples // period:
            _validate(trainer, log)
            judged = trainer.samples
    if judged < trainer.samples and not interrupts.wanted:
        _validate(trainer, log)


def _report(trainer: Trainer, log: RunLog, saved: int) -> None:
    guard = trainer.learner.guard
    means = guard.read()
    log.values(trainer.samples, means)
    note = guard.spike(means["total"]) if "total" in means else None
    if note:
        log.note(trainer.samples, note)
    guard.check(f"{trainer.config.run} holds the weights as they were after {saved} samples")


def _validate(trainer: Trainer, log: RunLog) -> None:
    if trainer.ranks.first and trainer.validation_sets:
        with trainer.averaged_model() as model:
            errors = validate(model, trainer.validation_sets, trainer.config.views)
        log.values(trainer.samples, errors)
        log.say(f"after {trainer.samples:,} poses: {in_words(errors)}")


def main() -> None:
    """Read the command line and train."""
    np.seterr(all="raise", under="ignore")
    with sentences():
        config = options_of("training.train", TrainConfig, __doc__)
        try:
            trainer = run(config)
        except KeyboardInterrupt:
            sys.exit(f"ended at once; {config.run} is as it was last saved")
    trainer.ranks.leave()


if __name__ == "__main__":
    main()
