"""Evaluate a model as a robot would run it: through the Lifter, from pixels.

``python -m training.evaluate --data DIR --output FILE.json`` prints tables and writes every figure;
``--urdf ROBOT.urdf`` takes the configurations held out from ``training.train --urdf``, ``--quick``
fewer views. Errors are per cent of the object's radius, mean over frame,
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
``detectors``
    Skeleton -> figures of the people in ``seen`` with the keypoints of that detector, and
    ``procrustes_mm``.
``permutation``
    ``with_edges``, ``without_edges`` -> how far points move when the keypoints are shuffled.
``uncertainty``
    ``seen``, ``seen_noise_2``, ``seen_hidden_40``, ``other_rig``, ``unseen`` -> averages of
    coverage and rank correlation, and ``bins`` for a reliability plot.
``recordings``
    Set with images -> ``frames``, ``sources`` -> method -> figures; see
    ``training.evaluation.recordings``.
``left_out``
    Question -> why it could not be asked of this data.

Averages are ``overall`` and ``groups`` (without the listed sets), ``overall_without_apart`` (nor
robots in random configurations), ``all_sets`` (with the listed sets) and ``sets``. A row of figures
holds ``procrustes``, ``camera``, ``reflected`` (per cent of the radius), ``rotation`` (degrees) and
``flat_...``, the same for no depth at all (of the seen keypoints alone); where something is hidden
``hidden``, and ``hidden_middle``: what the middle of the object would give in place of each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from training.command import options_of, sentences
from training.data.robot import link_names
from training.evaluation.conditions import CONDITIONS, SWEEPS
from training.evaluation.detectors import detectors
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.permutation import order_matters
from training.evaluation.recordings import recordings
from training.evaluation.rigs import SMALLEST, transfer
from training.evaluation.sets import Division, divided, divided_robot
from training.evaluation.table import table
from training.evaluation.uncertainty import calibration
from training.threads import usable_cores

QUESTIONS = (
    *("training", "sweeps", "rigs", "detectors", "permutation", "uncertainty", "recordings"),
)
_NONE_SEEN = "no sequences are held out of a set to train on"
_WHY_NOT = {
    "recordings": "no set in metres has images (K with uv or uv_det)",
    "rigs.subset": f"no set can lose half of its keypoints and keep {SMALLEST}",
    "rigs.superset": "no set has edges",
    "detectors": "no set of people has the joints of a body by names that are known",
}
_QUICK = {"frames": 40, "fewer": 12}


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate."""

    data: Path | None = None
    """Folder of pose sets, with or without index.json."""
    urdf: Path | None = None
    """A robot's URDF instead, as it was given to training.train."""
    links: str = ""
    """Its links that are keypoints, comma separated; empty chooses."""
    output: Path = Path("runs/evaluation.json")
    model: str | None = None
    """A model folder that training.export wrote, or a name; the one that ships if left out."""
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
    workers: int = field(default_factory=usable_cores)
    """Sets that are lifted at the same time; changes no figure."""


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Every set under every condition, and every other question; see above for the result.

    Raises:
        InputError: There is nothing to evaluate, or a condition or question is not known.
        LfmError: Data or model cannot be read.
    """
    config = replace(config, **_QUICK) if config.quick else config
    start = time.perf_counter()
    _check_names("conditions", config.conditions, CONDITIONS)
    _check_names("questions", config.questions, QUESTIONS)
    division = _division(config)
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
    result |= {"left_out": _left_out(config, result)}
    return {**result, "seconds": round(time.perf_counter() - start, 1)}


def _conditions(examiner: Examiner, sets: Sets, names: tuple[str, ...]) -> dict[str, Any]:
    frames = {"upright": examiner.frames}
    return {name: examiner.under(sets, CONDITIONS[name], frames.get(name)) for name in names}


def _division(config: EvaluateConfig) -> Division:
    if config.data is None and config.urdf is None:
        raise InputError("nothing to evaluate on; give --data DIR or --urdf ROBOT.urdf")
    if config.data is not None and config.urdf is not None:
        raise InputError("both --data and --urdf are given; evaluate on one after the other")
    if config.urdf is None:
        assert config.data is not None
        return divided(config.data)
    return divided_robot(config.urdf, link_names(config.links), config.seed)


def _check_names(what: str, given: tuple[str, ...], known: Collection[str]) -> None:
    wrong = [name for name in given if name not in known]
    if wrong:
        raise InputError(f"{what} has {wrong[0]!r}; choose among {', '.join(known)}")


def _left_out(config: EvaluateConfig, result: dict[str, Any]) -> dict[str, str]:
    """What was asked and has no answer, and why."""
    answered = {**result, **{f"rigs.{name}": row for name, row in result.get("rigs", {}).items()}}
    asked = list(config.questions)
    if "rigs" in asked and "rigs" in result:
        asked[asked.index("rigs")] = "rigs.subset"
        asked.insert(asked.index("rigs.subset") + 1, "rigs.superset")
    return {name: _WHY_NOT.get(name, _NONE_SEEN) for name in asked if not answered.get(name)}


def _ask(
    question: str, examiner: Examiner, division: Division, data: Path | None
) -> dict[str, Any]:
    """One entry of the result; none where the data cannot answer."""
    seen = division.parts.get("seen", {})
    if question == "recordings":
        return {question: {} if data is None else recordings(examiner, data, division)}
    if question == "uncertainty":
        return {question: _uncertainty(examiner, division)}
    if not seen:
        return {}
    if question == "training":
        trained = {name: division.training[name] for name in seen}
        return {question: {"upright": examiner.under(trained, CONDITIONS["upright"])}}
    answers = {
        "sweeps": _sweeps,
        "rigs": transfer,
        "detectors": detectors,
        "permutation": order_matters,
    }
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
    with sentences():
        config = options_of("training.evaluate", EvaluateConfig, __doc__)
        # First, for it would be a pity to find out afterwards that it cannot be written.
        config.output.parent.mkdir(parents=True, exist_ok=True)
        result = evaluate(config)
        config.output.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))
    print(f"{result['seconds']:.0f} s -> {config.output}")


if __name__ == "__main__":
    main()
