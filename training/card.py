"""Write a model's card from its evaluation: ``python -m training.card --evaluation FILE.json``.

The card is ``README.md`` in the model's folder: figures, learning curve, data and licences.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
import yaml

from lfm_ros.models import MANIFEST
from training.evaluation.figures import FIGURES

PARTS = {
    "seen": "validation sequences of sets that were trained on",
    "other_rig": "other rigs of kinds that were trained on",
    "unseen": "kinds that were not trained on",
}


@dataclass(frozen=True)
class CardConfig:
    """What the card is written from."""

    evaluation: Path
    """What training.evaluate wrote."""
    run: Path
    """The run, for its learning curve."""
    model: Path = Path("config/models/lfm_small")
    """Model folder; its manifest is read and its README.md is written."""


def card(config: CardConfig) -> str:
    """The text of the card."""
    manifest = yaml.safe_load((config.model / MANIFEST).read_text())
    evaluation = json.loads(config.evaluation.read_text())
    sections = [
        _head(manifest),
        _accuracy(evaluation),
        _conditions(evaluation),
        _curve(config.run / "log.jsonl"),
        _data(manifest),
    ]
    return "\n\n".join(sections) + "\n"


def _head(manifest: dict[str, Any]) -> str:
    shape = manifest["architecture"]
    difference = manifest["difference_to_torch"]
    return f"""# {manifest["name"]}

Written by `python -m training.card`; do not edit.

{manifest["parameters"]:,} parameters, {shape["layers"]} layers of {shape["width"]} channels,
{shape["heads"]} heads. Trained on {manifest["samples"]:,} views. ONNX opset {manifest["opset"]};
largest difference to torch {difference["fp32"]:.1e} (fp32), {difference["fp16"]:.1e} (fp16 blocks).
Weights: {manifest["license"]}."""


def _accuracy(evaluation: dict[str, Any]) -> str:
    lines = [
        "## Accuracy",
        "",
        "Per cent of the object's radius, mean over frame, category, group; upright perspective",
        "views at 3 to 8 radii, edges, camera and gravity known, through the Lifter. `procrustes`:",
        "det = +1; `camera`: only translation and scale aligned; `reflected`: Procrustes with",
        "mirror images allowed; `rotation`: median angle in degrees.",
    ]
    for part, meaning in PARTS.items():
        if part not in evaluation:
            continue
        rows = evaluation[part]["upright"]
        lines += ["", f"**{part}**: {meaning} ({len(rows['sets'])} sets)", "", _HEADER]
        groups = {"overall": rows["overall"], **rows["groups"]}
        lines += [_row(group, values) for group, values in groups.items()]
    return "\n".join(lines)


_HEADER = (
    "| | procrustes | camera | reflected | rotation | no depth | below no depth |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def _row(name: str, values: dict[str, float]) -> str:
    gain = 100 * (1 - values["procrustes"] / values["flat_procrustes"])
    cells = " | ".join(f"{values[figure]:.1f}" for figure in FIGURES)
    return f"| {name} | {cells} | {values['flat_procrustes']:.1f} | {round(gain)} % |"


def _conditions(evaluation: dict[str, Any]) -> str:
    lines = ["## Harder conditions", "", "Overall, one thing changed at a time.", "", _HEADER]
    for part in PARTS:
        for name, averages in evaluation.get(part, {}).items():
            if name != "upright":
                lines.append(_row(f"{part}, {name}", averages["overall"]))
    return "\n".join(lines)


def _curve(log: Path) -> str:
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    points = [e for e in entries if "validation/procrustes" in e]
    lines = [
        "## Learning curve",
        "",
        "Validation sequences, 64 frames a set, at 2 to 20 radii.",
        "",
        "| views seen | procrustes | camera |",
        "|---:|---:|---:|",
    ]
    every = max(1, len(points) // 12)
    for entry in [*points[:-1:every], *points[-1:]]:
        errors = f"{entry['validation/procrustes']:.1f} | {entry['validation/camera']:.1f}"
        lines.append(f"| {entry['samples']:,} | {errors} |")
    return "\n".join(lines)


def _data(manifest: dict[str, Any]) -> str:
    lines = ["## Data", "", "| set | licence, as its file says |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in manifest["trained_on"].items()]
    return "\n".join(lines)


def main() -> None:
    """Read the command line and write the card."""
    config = tyro.cli(CardConfig, description=__doc__)
    path = config.model / "README.md"
    path.write_text(card(config))
    print(f"-> {path}")


if __name__ == "__main__":
    main()
