"""How the error falls with the views seen: a run's own log, and a power law through its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_FIGURES = ("validation/procrustes", "validation/camera")
_FEWEST = 4


@dataclass(frozen=True)
class Curve:
    """Validation errors of one run.

    Attributes:
        samples: Views seen.
        errors: ``procrustes`` and ``camera`` at each, in per cent of the radius.
        groups: The former by group.
    """

    samples: list[int]
    errors: dict[str, list[float]]
    groups: dict[str, list[float]]

    def law(self, figure: str = "procrustes") -> tuple[float, float] | None:
        """Factor and exponent of ``error = factor * samples ** exponent`` over the second half.

        None where there are too few points. The learning rate falls too, so this tells what more
        of the same recipe would give, not what a longer one would.
        """
        points = np.array([self.samples, self.errors[figure]], float)
        later = points[:, points[0] >= points[0].max(initial=0.0) / 2]
        if later.shape[1] < _FEWEST:
            return None
        exponent, offset = np.polyfit(*np.log(later), 1)
        return float(np.exp(offset)), float(exponent)


def read_curve(log: Path) -> Curve:
    """The validation points of a run's ``log.jsonl``."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    points = [e for e in entries if _FIGURES[0] in e]
    known = {*_FIGURES, "validation/flat", "validation/flat_camera"}
    groups = [n for n in (points[-1] if points else {}) if n.startswith("validation/")]
    return Curve(
        [int(e["samples"]) for e in points],
        {n.split("/")[1]: [float(e[n]) for e in points] for n in _FIGURES},
        {n.split("/")[1]: [float(e[n]) for e in points] for n in groups if n not in known},
    )
