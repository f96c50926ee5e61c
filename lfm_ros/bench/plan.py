"""What one run measures, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lfm_ros.bench.figures import Row

BATCHES = (1, 10, 64, 1000)
KEYPOINTS = (17, 68, 133)


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        models: Names or folders.
        backends: Names of runtimes, or empty for all that run here.
        batches: Numbers of instances.
        keypoints: Numbers of keypoints.
        threads: CPU threads of one call.
        seconds: For each contender at each size, and again as long at 30 Hz.
    """

    models: Sequence[str]
    backends: Sequence[str] = ()
    batches: Sequence[int] = BATCHES
    keypoints: Sequence[int] = KEYPOINTS
    threads: int = 1
    seconds: float = 1.0


@dataclass
class Measured:
    """All figures of one run.

    Attributes:
        backends: By name, why a runtime is not measured, None if it is.
        notes: What else is missing from the figures, in sentences.
        rows: One for each contender at each size.
        cold: One for each model in each runtime.
    """

    backends: dict[str, str | None]
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    cold: list[dict[str, Any]] = field(default_factory=list)
