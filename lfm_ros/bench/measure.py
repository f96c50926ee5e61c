"""The whole measurement: every model in every runtime that runs here, at every size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.bench.cold_start import cold_start
from lfm_ros.bench.figures import Row, rows_of
from lfm_ros.bench.interleave import interleaved
from lfm_ros.bench.lineup import Lineup, backends, line_up
from lfm_ros.bench.pacing import FREE_SECONDS, paced
from lfm_ros.bench.plan import Measured, Plan
from lfm_ros.core.errors import LfmError
from lfm_ros.models import load_model


def measure(plan: Plan, show: Callable[[Row], None] = lambda row: None) -> Measured:
    """Measure.

    Args:
        plan: What.
        show: Told each row as soon as it is there.

    Raises:
        LfmError: Nothing can run here, or a model is not sound.
    """
    for model in plan.models:
        load_model(model)
    found = Measured(backends(plan.backends))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lfm_bench_")))
        lineup = line_up(plan, found, folder, stack)
        for keypoints in plan.keypoints:
            for count in plan.batches:
                for row in _rows(plan, lineup, (count, keypoints), found.notes):
                    found.rows.append(row)
                    show(row)
    found.cold.extend(_cold(plan, found))
    return found


def _rows(plan: Plan, lineup: Lineup, size: tuple[int, int], notes: list[str]) -> list[Row]:
    """All contenders at one size, taking turns."""
    ready, roofs = lineup.ready(*size, notes), lineup.roofs
    times = interleaved([*(c.call for c in ready), *(r.call for r in roofs)], plan.seconds)
    rates = [
        paced(one.call, plan.seconds) if np.median(taken.wall) < FREE_SECONDS else None
        for one, taken in zip(ready, times, strict=False)
    ]
    return rows_of(size, ready, times[: len(ready)], rates, roofs, times[len(ready) :])


def _cold(plan: Plan, found: Measured) -> Iterator[dict[str, Any]]:
    largest = max(plan.batches), max(plan.keypoints)
    for model in plan.models:
        for backend in (name for name, reason in found.backends.items() if reason is None):
            about = {"model": model, "backend": backend, "largest": f"{largest[0]}x{largest[1]}"}
            try:
                yield {**about, **cold_start(model, backend, plan.threads, largest)}
            except LfmError as error:
                found.notes.append(f"cold start of {model} on {backend}: {error}")
