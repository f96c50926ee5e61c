"""People as the detectors see them that robots run, on validation sequences.

The limbs are those of the recordings; noses, ears, heels and toes are put where an average body has
them, so these figures say nothing of faces.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lfm_ros.core.placement import radius
from training.data.detector_rigs import DETECTORS, with_detector_rigs
from training.data.poses import FAMILY_END, PoseSet
from training.evaluation.averages import average
from training.evaluation.conditions import CONDITIONS
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.figures import Figures, measure
from training.evaluation.shots import shoot


def detectors(examiner: Examiner, sets: Sets) -> dict[str, Any]:
    """Figures of every detector's rig, averaged over the sets of people; upright.

    ``procrustes_mm`` and ``flat_procrustes_mm`` are shares of the radius, too, of a body as large
    as the set's are on average.
    """
    condition = CONDITIONS["upright"]
    made = with_detector_rigs(dict(sets))
    again = {name: poses for name, poses in made.items() if name not in sets}
    shots = partial(shoot, condition=condition, frames=examiner.frames, seed=examiner.seed)
    found = examiner.ask(again, shots, lambda shown: measure(examiner.lifter, shown, condition))
    rows = {name: _with_millimetres(figures, again[name]) for name, figures in found.items()}
    by_detector = {
        detector: [row for name, row in rows.items() if name.endswith(FAMILY_END + detector)]
        for detector in DETECTORS
    }
    return {detector: average(found) for detector, found in by_detector.items() if found}


def _with_millimetres(figures: Figures, poses: PoseSet) -> Figures:
    millimetres = 1000 * float(np.mean(radius(poses.xyz.astype(np.float64), poses.valid)))
    names = ("procrustes", "flat_procrustes")
    return {**figures, **{f"{n}_mm": figures[n] / 100 * millimetres for n in names}}
