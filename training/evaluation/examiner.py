"""Puts one lifter through the same question on many sets, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lfm_ros import Lifter
from training.data.poses import PoseSet
from training.evaluation.averages import Rows, summarise
from training.evaluation.conditions import Condition
from training.evaluation.figures import measure
from training.evaluation.shots import shoot

Sets = Mapping[str, PoseSet]
Shown = TypeVar("Shown")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Examiner:
    """A lifter, and how it is asked.

    Attributes:
        lifter: What is evaluated.
        frames: Largest number of frames of each set for the figures that are quoted.
        fewer: The same for everything else.
        seed: Of views, noise and occlusion.
        workers: Sets that are lifted at the same time.
        listed: Sets that are shown but not averaged.
        random: Sets of random configurations, which one more average leaves out.
    """

    lifter: Lifter
    frames: int
    fewer: int
    seed: int
    workers: int
    listed: Collection[str] = ()
    random: Collection[str] = ()

    def ask(
        self,
        sets: Sets,
        prepare: Callable[[PoseSet], Shown],
        answer: Callable[[Shown], Answer],
    ) -> dict[str, Answer]:
        """Answers by set.

        ``prepare`` runs here, one set after the other: views come from torch's one generator.
        ``answer`` runs in threads, which the network and numpy's loops leave free.
        """
        with ThreadPoolExecutor(self.workers) as pool:
            waiting = {name: pool.submit(answer, prepare(poses)) for name, poses in sets.items()}
            return {name: future.result() for name, future in waiting.items()}

    def under(self, sets: Sets, condition: Condition, frames: int | None = None) -> dict[str, Any]:
        """Figures of every set under a condition, and their averages."""
        count = self.fewer if frames is None else frames
        shots = partial(shoot, condition=condition, frames=count, seed=self.seed)
        found = self.ask(sets, shots, lambda shown: measure(self.lifter, shown, condition))
        return self.averages(found)

    def averages(self, rows: Rows) -> dict[str, Any]:
        """Averages that leave out the listed sets, and others without random configurations."""
        return summarise(rows, self.listed, self.random)
