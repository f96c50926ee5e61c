"""Write a model's card from its evaluation: ``python -m training.card --evaluation FILE.json``.

The card is ``README.md`` in the model's folder: every figure of the evaluation, the learning curve,
peers, data and licences.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError
from lfm_ros.models import load_model
from training.command import options_of, sentences
from training.evaluation import markdown
from training.evaluation.curve import Curve, read_curve
from training.evaluation.plots import draw

#: Sections, and what each needs of the evaluation.
_SECTIONS = (
    (markdown.accuracy, {"catalogue"}),
    (markdown.conditions, {"catalogue"}),
    (markdown.gap, {"training", "seen"}),
    (markdown.sweeps, {"sweeps"}),
    (markdown.rigs, {"rigs", "permutation"}),
    (markdown.detectors, {"detectors"}),
    (markdown.uncertainty, {"uncertainty"}),
    (markdown.recordings, {"recordings"}),
)


_LAW = """\
Over the second half `procrustes` falls as views to the power {exponent:.2f}: by {less:.0f} % with
every doubling. The learning rate fell as well, so more views of the same recipe give less."""


@dataclass(frozen=True)
class CardConfig:
    """What the card is written from."""

    evaluation: Path
    """What training.evaluate wrote."""
    run: Path
    """The run, for its learning curve."""
    model: str | None = None
    """Model folder or name, for its manifest; the one that ships if left out."""
    output: Path | None = None
    """Where the card goes; README.md in the model's folder if left out."""
    comparison: Path | None = None
    """Peers' figures: JSON with ``rows``, one flat mapping each, and perhaps a ``note``."""
    plots: Path | None = None
    """Folder that plots are written to, and shown from."""

    @property
    def card(self) -> Path:
        """The file that is written."""
        return self.output or load_model(self.model).folder / "README.md"


def card(config: CardConfig) -> str:
    """The text of the card; plots are written on the way.

    Raises:
        InputError: The evaluation or the comparison is not of the expected form.
        ModelError: There is no such model.
    """
    manifest = load_model(config.model).manifest
    result = _read(config.evaluation, "catalogue", "training.evaluate")
    curve = read_curve(config.run / "log.jsonl")
    sections = [_head(manifest)]
    sections += [section(result) for section, needs in _SECTIONS if needs <= set(result)]
    if config.comparison:
        peers = _read(config.comparison, "rows", "training.compare")
        sections.append(markdown.comparison(peers))
    sections.append(_curve(curve))
    if config.plots:
        sections.append(_plots(draw(result, curve, config.plots), config.card.parent))
    sections += [markdown.categories(result), _data(manifest)]
    return "\n\n".join(sections) + "\n"


def _read(path: Path, key: str, writer: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); write it with {writer}") from error
    if not isinstance(content, dict) or key not in content:
        raise InputError(f"{path} has no {key!r}; write it with today's {writer}")
    return content


def _head(manifest: Mapping[str, Any]) -> str:
    shape = manifest["architecture"]
    difference = manifest["difference_to_torch"]
    return f"""# {manifest["name"]}

Written by `python -m training.card`; do not edit.

{manifest["parameters"]:,} parameters, {shape["layers"]} layers of {shape["width"]} channels,
{shape["heads"]} heads. Trained on {manifest["samples"]:,} views. ONNX opset {manifest["opset"]};
largest difference to torch {difference["fp32"]:.1e} (fp32), {difference["fp16"]:.1e} (fp16 blocks).
Weights: {manifest["license"]}."""


def _curve(curve: Curve) -> str:
    every = max(1, len(curve.samples) // 12)
    shown = sorted({*range(0, len(curve.samples), every), len(curve.samples) - 1} - {-1})
    errors = curve.errors
    rows = [
        (f"{curve.samples[i]:,}", *(f"{errors[n][i]:.1f}" for n in ("procrustes", "camera")))
        for i in shown
    ]
    about = "Validation sequences of all sets, 64 frames a set, upright, at 2.2 to 20 radii."
    text = ["## Learning curve", about, markdown.grid(("views seen", "procrustes", "camera"), rows)]
    law = curve.law()
    if law:
        less = 100 * (1 - 2 ** law[1])
        text.append(_LAW.format(exponent=law[1], less=less))
    return "\n\n".join(text)


def _plots(paths: Mapping[str, Path], beside: Path) -> str:
    shown = [f"![{title}]({os.path.relpath(path, beside)})" for title, path in paths.items()]
    return "\n\n".join(["## Plots", *shown])


def _data(manifest: Mapping[str, Any]) -> str:
    rows = list(manifest["trained_on"].items())
    lines = ["| set | licence, as its file says |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows]
    return "\n\n".join(["## Data", "\n".join(lines)])


def main() -> None:
    """Read the command line and write the card."""
    config = options_of("training.card", CardConfig, __doc__)
    with sentences():
        text = card(config)
        config.card.parent.mkdir(parents=True, exist_ok=True)
        config.card.write_text(text)
    print(f"-> {config.card}")


if __name__ == "__main__":
    main()
