"""What the evaluation prints: one line for each part, condition and group."""

from __future__ import annotations

from typing import Any

from training.evaluation.averages import headline
from training.evaluation.figures import FIGURES, Figures
from training.evaluation.sets import PARTS

_HEAD = f"{'part':10}{'condition':17}{'group':10}"


def table(result: dict[str, Any]) -> str:
    """The averages as text; groups for the upright condition only, then the sweeps."""
    lines = [_HEAD + "".join(f"{f:>12}" for f in FIGURES) + f"{'no depth':>12}{'gain':>8}"]
    for part in (p for p in PARTS if p in result):
        for condition, averages in result[part].items():
            rows = {"overall": averages["overall"]} if "overall" in averages else {}
            rows["all sets"] = averages["all_sets"]["overall"]
            if condition == "upright":
                rows |= averages["groups"]
            lines += [_line(part, condition, group, row) for group, row in rows.items()]
    unasked = [f"left out: {name}: {why}" for name, why in result.get("left_out", {}).items()]
    return "\n".join([*lines, *_sweeps(result), *_others(result), *unasked])


def _line(part: str, condition: str, group: str, row: Figures) -> str:
    values = "".join(f"{row[f]:12.2f}" for f in FIGURES)
    gain = 100 * (1 - row["procrustes"] / row["flat_procrustes"])
    return f"{part:10}{condition:17}{group:10}{values}{row['flat_procrustes']:12.2f}{gain:7.1f}%"


def _sweeps(result: dict[str, Any]) -> list[str]:
    lines = []
    for sweep, levels in result.get("sweeps", {}).items():
        lines.append(f"\n{sweep:18}" + "".join(f"{level:>15}" for level in levels))
        for figure in ("procrustes", "camera", "flat_procrustes", "hidden"):
            cells = [headline(averages).get(figure) for averages in levels.values()]
            if any(cell is not None for cell in cells):
                lines.append(f"{figure:18}" + "".join(_cell(cell) for cell in cells))
        rest = [a.get("overall_without_apart", {}).get("hidden") for a in levels.values()]
        if any(cell is not None for cell in rest):
            lines.append(f"{'  no random robots':18}" + "".join(_cell(cell) for cell in rest))
    return lines


def _both(share: float, millimetres: float) -> str:
    return f"procrustes {share:.2f} ({millimetres:.0f} mm)"


def _cell(value: float | None) -> str:
    return f"{'':15}" if value is None else f"{value:15.2f}"


def _others(result: dict[str, Any]) -> list[str]:
    lines = []
    for name, averages in result.get("rigs", {}).items():
        row = headline(averages)
        lines.append(
            f"\n{name} of the keypoints: procrustes {row['procrustes']:.2f}, "
            f"the same keypoints before {row['procrustes_before']:.2f}"
        )
    for name, row in result.get("detectors", {}).items():
        errors = (row["procrustes"], row["procrustes_mm"])
        flat = (row["flat_procrustes"], row["flat_procrustes_mm"])
        lines.append(f"people as {name}: {_both(*errors)}, no depth {_both(*flat)}")
    for name, row in result.get("permutation", {}).items():
        lines.append(
            f"shuffled {name.replace('_', ' ')}: points move {row['mean']:.1e} % of the radius on "
            f"average, {row['largest']:.1e} % at most"
        )
    for name, averages in result.get("uncertainty", {}).items():
        row = headline(averages)
        lines.append(
            f"sigma, {name}: 50/68/90 % cover {row['coverage_50']:.0f}/{row['coverage_68']:.0f}/"
            f"{row['coverage_90']:.0f} %, rank correlation {row['spearman']:.2f}"
        )
    for name, recorded in result.get("recordings", {}).items():
        lines.append(f"{name}: {recorded['frames']} frames")
        for source, methods in recorded["sources"].items():
            for method, row in methods.items():
                cells = "  ".join(f"{figure} {value:.1f}" for figure, value in row.items())
                lines.append(f"  {source:12}{method:16}{cells}")
    return lines
