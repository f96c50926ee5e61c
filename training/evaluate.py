"""Evaluate a model as a robot would run it: through the Lifter, from pixels.

``python -m training.evaluate --data DIR --output FILE.json`` prints one table and writes every
figure. Errors are per cent of the object's radius, mean over frame, category, group; see
``lfm_ros.core.metrics`` for the three ways of aligning.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from lfm_ros import Intrinsics, Lifter, Skeleton
from lfm_ros.core.errors import InputError
from lfm_ros.core.metrics import Errors, errors
from lfm_ros.core.normalize import virtual_view
from training.cameras import ViewConfig, place
from training.data.poses import PoseSet, listed, load_folder
from training.data.splits import FEWEST_SEQUENCES, divide, held_out, load_splits

PARTS = ("seen", "other_rig", "unseen")
FIGURES = ("procrustes", "camera", "reflected", "rotation")
CAMERA = Intrinsics([[1000, 0, 640], [0, 1000, 360], [0, 0, 1]], (1280, 720))
# Upright perspective views at 3 to 8 radii are the rule that figures are quoted for.
UPRIGHT = ViewConfig(tumbled=0.0, distance=(3.0, 8.0))


@dataclass(frozen=True)
class Condition:
    """What the lifter is shown and told."""

    views: ViewConfig = UPRIGHT
    edges: bool = True
    camera: bool = True
    up: bool = True
    noise: float = 0.0
    """Standard deviation of Gaussian noise, a share of the 2D radius."""
    hidden: float = 0.0
    """Share of the keypoints hidden, at least four kept."""


CONDITIONS = {
    "upright": Condition(),
    "no_edges": Condition(edges=False),
    "no_camera": Condition(camera=False),
    "no_up": Condition(up=False),
    "any_orientation": Condition(views=replace(UPRIGHT, tumbled=1.0)),
    "noise_2": Condition(noise=0.02),
    "hidden_40": Condition(hidden=0.4),
}


@dataclass(frozen=True)
class EvaluateConfig:
    """What to evaluate."""

    data: Path
    """Folder of pose sets with index.json."""
    output: Path = Path("runs/evaluation.json")
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    frames: int = 200
    """Largest number of frames of each set."""
    conditions: tuple[str, ...] = field(default_factory=lambda: tuple(CONDITIONS))
    seed: int = 0


@dataclass(frozen=True)
class Shots:
    """Frames of one set as seen by the camera. Truth is in the camera frame, in radii."""

    pixels: NDArray[np.float64]
    confidence: NDArray[np.float64]
    truth: NDArray[np.float64]
    valid: NDArray[np.bool_]
    up: NDArray[np.float64]
    skeleton: Skeleton


def shoot(poses: PoseSet, condition: Condition, frames: int, seed: int) -> Shots:
    """Photograph frames spread evenly over a set, reproducibly."""
    rows = np.linspace(0, len(poses) - 1, min(frames, len(poses))).astype(int)
    # Few shapes are seen from more sides, so that no set's figure hangs on a handful of views.
    rows = np.resize(rows, max(len(rows), min(frames, 50)))
    xyz, valid = torch.as_tensor(poses.xyz[rows]), torch.as_tensor(poses.valid[rows])
    up = torch.as_tensor(poses.up).expand(len(rows), 3)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        points, gravity = place(xyz.double(), valid, up.double(), condition.views)
    truth, seen = points.numpy(), poses.valid[rows]
    random = np.random.default_rng(seed)
    pixels = _noisy(CAMERA.project(truth), seen, condition.noise, random)
    confidence = _hide(seen, condition.hidden, random).astype(np.float64)
    return Shots(pixels, confidence, truth, seen, gravity.numpy(), poses.skeleton)


def evaluate_set(
    lifter: Lifter, poses: PoseSet, condition: Condition, frames: int, seed: int
) -> dict[str, float]:
    """Mean errors of one set, those of no depth at all beside them (``flat_...``)."""
    shots = shoot(poses, condition, frames, seed)
    up = shots.up if condition.up else None
    lifted = lifter.lift(
        shots.pixels,
        shots.confidence,
        CAMERA if condition.camera else None,
        shots.skeleton if condition.edges else None,
        up=up,
    )
    judged = shots.valid & lifted.known
    view = virtual_view(shots.pixels, shots.confidence > 0, [CAMERA] * len(judged), up)
    result = _means(errors(lifted.points, shots.truth, judged))
    seen = judged & (shots.confidence > 0)
    baseline = _means(errors(view.to_camera(view.without_depth()), shots.truth, seen))
    return {**result, **{f"flat_{name}": value for name, value in baseline.items()}}


def divided(folder: Path) -> dict[str, dict[str, PoseSet]]:
    """The sets by what the network has seen of them; parts without any set are left out.

    ``seen``: sequences held out of sets that it is trained on. ``other_rig``: kinds that it knows
    with other keypoints. ``unseen``: the other sets for evaluation only.

    Raises:
        InputError: There is nothing to evaluate.
    """
    splits = load_splits()
    train, others = (load_folder(folder, u) if listed(folder, u) else {} for u in ("train", "eval"))
    parts = {"seen": divide(train, held_out(train))[1]}
    parts["other_rig"] = {n: others[n] for n in splits["other_rig"] if n in others}
    own = [n for n in others if n not in train and n not in splits["other_rig"]]
    parts["unseen"] = {
        n: others[n] for n in dict.fromkeys((*splits["unseen"], *own)) if n in others
    }
    parts = {name: sets for name, sets in parts.items() if sets}
    if not parts:
        raise InputError(
            f"{folder} has nothing to evaluate: none of its sets has {FEWEST_SEQUENCES} sequences, "
            "so that one could be held out, and none is for evaluation only ('use': 'eval' in "
            "index.json); see docs/data.md"
        )
    return parts


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Every set under every condition, and the averages."""
    parts = divided(config.data)
    result: dict[str, Any] = {"config": json.loads(json.dumps(asdict(config), default=str))}
    with Lifter.from_pretrained(config.model) as lifter:
        result["model"] = lifter.model.manifest
        for part, sets in parts.items():
            for name in config.conditions:
                rows = {
                    key: evaluate_set(lifter, s, CONDITIONS[name], config.frames, config.seed)
                    for key, s in sets.items()
                }
                result.setdefault(part, {})[name] = summarise(rows)
    return result


def summarise(rows: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Averages over the sets of each group, then over the groups."""
    groups: dict[str, list[dict[str, float]]] = {}
    for name, row in rows.items():
        groups.setdefault(name.split("/")[0], []).append(row)
    means = {group: _average(members) for group, members in sorted(groups.items())}
    return {"overall": _average(list(means.values())), "groups": means, "sets": rows}


def table(result: dict[str, Any]) -> str:
    """The averages as text, one line for each part, condition and group."""
    head = f"{'part':10}{'condition':17}{'group':9}" + "".join(f"{f:>12}" for f in FIGURES)
    lines = [head + f"{'no depth':>12}{'gain':>8}"]
    for part in (p for p in PARTS if p in result):
        for condition, averages in result[part].items():
            for group, row in {"overall": averages["overall"], **averages["groups"]}.items():
                if group != "overall" and condition != "upright":
                    continue
                gain = 1 - row["procrustes"] / row["flat_procrustes"]
                values = "".join(f"{row[f]:12.2f}" for f in FIGURES)
                tail = f"{row['flat_procrustes']:12.2f}{100 * gain:7.1f}%"
                lines.append(f"{part:10}{condition:17}{group:9}{values}{tail}")
    return "\n".join(lines)


def _noisy(
    pixels: NDArray[np.float64], valid: NDArray[np.bool_], noise: float, random: np.random.Generator
) -> NDArray[np.float64]:
    weight = valid[..., None] / np.maximum(valid.sum(-1), 1)[:, None, None]
    offset = (pixels - (pixels * weight).sum(1, keepdims=True)) * valid[..., None]
    extent = np.linalg.norm(offset, axis=-1).max(-1)[:, None, None]
    return pixels + noise * extent * random.standard_normal(pixels.shape)


def _hide(valid: NDArray[np.bool_], share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    order = np.where(valid, random.random(valid.shape), np.inf).argsort(-1).argsort(-1)
    total = valid.sum(-1)
    hide = np.minimum((share * total).astype(int), np.maximum(total - 4, 0))
    return valid & (order >= hide[:, None])


def _means(found: Errors) -> dict[str, float]:
    distances = {f: float(found.relative(f).mean()) for f in FIGURES[:3]}
    return {**distances, "rotation": float(np.median(found.rotation))}


def _average(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def main() -> None:
    """Read the command line, evaluate, print the table and write the file."""
    config = tyro.cli(EvaluateConfig, description=__doc__)
    result = evaluate(config)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    config.output.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(table(result))
    print(f"-> {config.output}")


if __name__ == "__main__":
    main()
