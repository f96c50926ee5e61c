"""Evaluate a model as a robot would run it: through the Lifter, from pixels.

``python -m training.evaluate --data DIR --output FILE.json`` prints tables and writes every figure;
``--quick`` takes fewer views. Errors are per cent of the object's radius, mean over frame,
category, group; see ``lfm_ros.core.metrics`` for the three ways of aligning. Planar sets, sets with
one degree of freedom and sets with fewer than four validation sequences are listed, not averaged.

The file, by key:

``config``, ``model``, ``seconds``
    What was asked for, the model's manifest, how long it took.
``catalogue``
    Set -> ``part``, ``keypoints``, ``frames``, ``sequences``, ``training_frames`` and ``listed``
    (why it is not averaged; empty if it is).
``seen``, ``other_rig``, ``unseen``
    Condition (``training.evaluation.conditions``) -> averages.
``training``
    ``upright`` -> averages over sequences that were trained on, of the sets in ``seen``.
``sweeps``
    ``occlusion`` (per cent hidden), ``occluder``, ``noise`` (per cent of the 2D radius),
    ``distance`` (radii) -> level -> averages over ``seen``; with ``hidden``, the error of the
    hidden points alone after aligning on all.
``rigs``
    ``subset``, ``superset`` -> averages over ``seen``; ``..._before`` beside them.
``permutation``
    ``with_edges``, ``without_edges`` -> how far points move when the keypoints are shuffled.
``uncertainty``
    ``seen``, ``seen_noise_2``, ``seen_hidden_40``, ``other_rig``, ``unseen`` -> averages of
    coverage and rank correlation, and ``bins`` for a reliability plot.
``recordings``
    Set with images -> ``frames``, ``sources`` -> method -> figures; see
    ``training.evaluation.recordings``.

Averages are ``overall`` and ``groups`` (without the listed sets), ``overall_without_apart`` (nor
robots in random configurations), ``all_sets`` (with the listed sets) and ``sets``. A row of figures
holds ``procrustes``, ``camera``, ``reflected`` (per cent of the radius), ``rotation`` (degrees) and
``flat_...``, the same for no depth at all (of the seen keypoints alone); where something is hidden
``hidden``, and ``hidden_middle``: what the middle of the object would give in place of each.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tyro

from lfm_ros import Lifter
from training.evaluation.conditions import CONDITIONS, SWEEPS
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.permutation import order_matters
from training.evaluation.recordings import recordings
from training.evaluation.rigs import transfer
from training.evaluation.sets import Division, divided
from training.evaluation.table import table
from training.evaluation.uncertainty import calibration

QUESTIONS = ("training", "sweeps", "rigs", "permutation", "uncertainty", "recordings")
_QUICK = {"frames": 40, "fewer": 12}


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate."""

    data: Path
    """Folder of pose sets with index.json."""
    output: Path = Path("runs/evaluation.json")
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    frames: int = 200
    """Largest number of frames of each set, upright."""
    fewer: int = 60
    """The same for everything else."""
    quick: bool = False
    """40 and 12 frames instead: for a look, not for quoting."""
    conditions: tuple[str, ...] = field(default_factory=lambda: tuple(CONDITIONS))
    questions: tuple[str, ...] = QUESTIONS
    """What is asked beside the conditions."""
    seed: int = 0
    workers: int = os.cpu_count() or 1
    """Sets that are lifted at the same time; changes no figure."""


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Every set under every condition, and every other question; see above for the result."""
    config = replace(config, **_QUICK) if config.quick else config
    start = time.perf_counter()
    division = divided(config.data)
    result: dict[str, Any] = {"config": json.loads(json.dumps(asdict(config), default=str))}
    with Lifter.from_pretrained(config.model) as lifter:
        examiner = Examiner(
            lifter,
            frames=config.frames,
            fewer=config.fewer,
            seed=config.seed,
            workers=config.workers,
            listed=division.listed,
            random=division.random,
        )
        result |= {"model": lifter.model.manifest, "catalogue": division.catalogue()}
        for part, sets in division.parts.items():
            result[part] = _conditions(examiner, sets, config.conditions)
        for question in config.questions:
            result |= _ask(question, examiner, division, config.data)
    return {**result, "seconds": round(time.perf_counter() - start, 1)}


def _conditions(examiner: Examiner, sets: Sets, names: tuple[str, ...]) -> dict[str, Any]:
    frames = {"upright": examiner.frames}
    return {name: examiner.under(sets, CONDITIONS[name], frames.get(name)) for name in names}


def _ask(question: str, examiner: Examiner, division: Division, data: Path) -> dict[str, Any]:
    """One entry of the result; none where the data cannot answer."""
    seen = division.parts.get("seen", {})
    if question == "recordings":
        return {question: recordings(examiner, data, division)}
    if question == "uncertainty":
        return {question: _uncertainty(examiner, division)}
    if not seen:
        return {}
    if question == "training":
        trained = {name: division.training[name] for name in seen}
        return {question: {"upright": examiner.under(trained, CONDITIONS["upright"])}}
    answers = {"sweeps": _sweeps, "rigs": transfer, "permutation": order_matters}
    return {question: answers[question](examiner, seen)}


def _sweeps(examiner: Examiner, sets: Sets) -> dict[str, Any]:
    """Averages by sweep and level; conditions that two sweeps share are lifted once."""
    wanted = {condition for levels in SWEEPS.values() for condition in levels.values()}
    found = {condition: examiner.under(sets, condition) for condition in wanted}
    return {
        name: {level: found[condition] for level, condition in levels.items()}
        for name, levels in SWEEPS.items()
    }


def _uncertainty(examiner: Examiner, division: Division) -> dict[str, Any]:
    result = {part: calibration(examiner, sets) for part, sets in division.parts.items()}
    for name in ("noise_2", "hidden_40") if "seen" in division.parts else ():
        sets = division.parts["seen"]
        result[f"seen_{name}"] = calibration(examiner, sets, CONDITIONS[name])
    return result


def main() -> None:
    """Read the command line, evaluate, print the tables and write the file."""
    config = tyro.cli(EvaluateConfig, description=__doc__)
    result = evaluate(config)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    config.output.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))
    print(f"{result['seconds']:.0f} s -> {config.output}")


if __name__ == "__main__":
    main()
