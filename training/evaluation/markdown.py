"""The evaluation's figures as markdown, one section a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from training.evaluation.averages import headline
from training.evaluation.figures import FIGURES, Figures

PARTS = {
    "seen": "validation sequences of sets that were trained on",
    "other_rig": "other rigs of kinds that were trained on",
    "unseen": "kinds that were not trained on",
}
_ACCURACY = """\
Per cent of the object's radius, mean over frame, category, group; upright perspective views at 3 to
8 radii, edges, camera and gravity known, through the Lifter. `procrustes`: det = +1; `camera`: only
translation and scale aligned; `reflected`: Procrustes with mirror images allowed; `rotation`:
median angle in degrees. Planar sets, sets with one degree of freedom and sets with fewer than four
validation sequences are listed below, not averaged; `all sets` averages them too."""
_CONDITIONS = """\
Overall, one thing changed at a time. Without a camera only the Procrustes figures count. `no depth`
is of the seen keypoints alone."""
_SWEEPS = {
    "occlusion": """\
Per cent of the keypoints hidden at random, at least four kept. `hidden`: the hidden points alone,
after aligning on all of them (det = +1); `middle`: the middle of the object in their place.""",
    "occluder": """\
Other occluders: keypoints near each other, and all on one side of the body.""",
    "noise": "Gaussian noise, standard deviation in per cent of the 2D radius.",
    "distance": "Distance in radii; at 50 the view is orthographic but for 2 %.",
}
_RIGS = """\
`seen` sets with half of their keypoints, and with one more in the middle of every edge:
`procrustes` of the keypoints that both rigs have, beside the rig that was trained on."""
_DETECTORS = """\
People of `seen` with the keypoints of common detectors, upright. Limbs are those of the recordings,
faces, heels and toes those of an average body. `mm` is of a body of the mean size."""
_UNCERTAINTY = """\
Share of the points, in per cent, that are as near as 50, 68 and 90 % should be; rank correlation of
sigma and error within a set; their means in per cent of the radius."""
_RECORDINGS = """\
Millimetres. `uv_det`: a detector; `uv`: labels; `projected`: the labelled keypoints where the truth
is. `all`: filled-in keypoints too. `root`: median, with the usual size of the rig. `lifted_level`:
told the file's gravity."""
_COLUMNS = ("", *FIGURES, "no depth", "below no depth")


def accuracy(result: dict[str, Any]) -> str:
    """By part and group."""
    text = ["## Accuracy", _ACCURACY]
    for part, meaning in PARTS.items():
        if "upright" not in result.get(part, {}):
            continue
        averages = result[part]["upright"]
        count = sum(1 for n in averages["sets"] if not result["catalogue"][n]["listed"])
        text.append(
            f"**{part}**: {meaning} ({count} sets, {len(averages['sets'])} with the listed)"
        )
        rows = {"overall": averages.get("overall"), "all sets": averages["all_sets"]["overall"]}
        rows |= averages["groups"]
        text.append(grid(_COLUMNS, [_errors(name, row) for name, row in rows.items() if row]))
    return "\n\n".join(text)


def conditions(result: dict[str, Any]) -> str:
    """One thing changed at a time."""
    rows = [
        _errors(f"{part}, {name}", headline(averages))
        for part in PARTS
        for name, averages in result.get(part, {}).items()
        if name != "upright"
    ]
    return "\n\n".join(["## Harder conditions", _CONDITIONS, grid(_COLUMNS, rows)])


def gap(result: dict[str, Any]) -> str:
    """Errors on sequences that were trained on beside those that were not."""
    trained = result["training"]["upright"]
    held_out = result["seen"]["upright"]
    rows = [
        (group, _number(row["procrustes"]), _number(held_out["groups"][group]["procrustes"]))
        for group, row in trained["groups"].items()
    ]
    head = ("", "trained on", "held out")
    return "\n\n".join(["## What it memorises", "`procrustes`, `seen` sets.", grid(head, rows)])


def sweeps(result: dict[str, Any]) -> str:
    """Occlusion, noise, distance."""
    found = result["sweeps"]
    text = ["## Occlusion, noise, perspective"]
    for name, levels in found.items():
        head = (name, "procrustes", "camera", "no depth", *(_HIDDEN if "occl" in name else ()))
        rows = [_level(level, averages, "occl" in name) for level, averages in levels.items()]
        text += [_SWEEPS[name], grid(head, rows)]
    return "\n\n".join(text)


_HIDDEN = (
    "hidden",
    "hidden, without robots",
    "hidden, robots",
    "all at the middle",
)


def _level(level: str, averages: dict[str, Any], hidden: bool) -> tuple[str, ...]:
    row = headline(averages)
    cells = [_number(row[n]) for n in ("procrustes", "camera", "flat_procrustes")]
    if hidden:
        rest = averages.get("overall_without_apart", {})
        robots = averages["groups"].get("robot", {})
        cells += [_number(r.get("hidden")) for r in (row, rest, robots)]
        cells.append(_number(row.get("hidden_middle")))
    return (level, *cells)


def rigs(result: dict[str, Any]) -> str:
    """Rig transfer and permutation."""
    text = ["## Other rigs of the same body", _RIGS]
    rows = []
    for name, averages in result["rigs"].items():
        row = headline(averages)
        rows.append((name, _number(row["procrustes"]), _number(row["procrustes_before"])))
    text.append(grid(("", "other rig", "own rig"), rows))
    moved = result["permutation"]
    text.append(
        "Keypoints in another order: points move by at most "
        f"{moved['with_edges']['largest']:.0e} % of the radius with edges and "
        f"{moved['without_edges']['largest']:.0e} % without."
    )
    return "\n\n".join(text)


def detectors(result: dict[str, Any]) -> str:
    """People with the rigs of detectors."""
    figures = ("procrustes", "camera", "rotation", "flat_procrustes")
    rows = [
        (name, *(_number(row[f]) for f in figures))
        + tuple(f"{row[f]:.0f}" for f in ("procrustes_mm", "flat_procrustes_mm"))
        for name, row in result["detectors"].items()
    ]
    head = ("", "procrustes", "camera", "rotation", "no depth", "procrustes, mm", "no depth, mm")
    return "\n\n".join(["## People as detectors see them", _DETECTORS, grid(head, rows)])


def uncertainty(result: dict[str, Any]) -> str:
    """Calibration of sigma."""
    names = ("coverage_50", "coverage_68", "coverage_90", "spearman", "sigma", "error")
    rows = []
    for part, averages in result["uncertainty"].items():
        row = headline(averages)
        rows.append((part, *(_number(row[n], 2 if n == "spearman" else 1) for n in names)))
    head = ("", "50 %", "68 %", "90 %", "rank correlation", "sigma", "error")
    return "\n\n".join(["## Uncertainty", _UNCERTAINTY, grid(head, rows)])


def recordings(result: dict[str, Any]) -> str:
    """Real detections, labels, lens."""
    figures = ("procrustes_mm", "camera_mm", "reflected_mm", "all_procrustes_mm", "root_mm")
    text = ["## Real images", _RECORDINGS]
    for name, recorded in result["recordings"].items():
        note = ", trained on" if recorded["in_training"] else ""
        text.append(f"**{name}** ({recorded['frames']} frames{note})")
        rows = [
            (f"{source}, {method}", *(_number(row.get(f), 0) for f in figures))
            for source, methods in recorded["sources"].items()
            for method, row in methods.items()
        ]
        for known, row in recorded.get("lens", {}).items():
            label = f"lens {known.replace('_', ' ')} ({row['reprojection_px']:.1f} px off)"
            rows.append((label, *(_number(row.get(f), 0) for f in figures)))
        text.append(grid(("", *(f.replace("_mm", "") for f in figures)), rows))
    return "\n\n".join(text)


def categories(result: dict[str, Any]) -> str:
    """Every set, with the number of frames that were trained on."""
    head = ("", "keypoints", "frames trained on", *FIGURES, "no depth", "listed because")
    rows = []
    for part in PARTS:
        for name, row in result.get(part, {}).get("upright", {}).get("sets", {}).items():
            about = result["catalogue"][name]
            cells = [_number(row[figure]) for figure in (*FIGURES, "flat_procrustes")]
            counts = (str(about["keypoints"]), f"{about['training_frames']:,}")
            rows.append((f"{part}, {name}", *counts, *cells, about["listed"]))
    return "\n\n".join(["## Categories", grid(head, rows)])


def comparison(content: dict[str, Any]) -> str:
    """Peers' figures: ``rows`` of one flat mapping each, ``note`` above them."""
    rows = content["rows"]
    head = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in head] for row in rows]
    return "\n\n".join(["## Peers", *filter(None, [content.get("note")]), grid(head, cells)])


def grid(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, all but its first column to the right."""
    names = list(head)
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _errors(name: str, row: Figures) -> tuple[str, ...]:
    below = 100 * (1 - row["procrustes"] / row["flat_procrustes"])
    cells = [_number(row[figure]) for figure in (*FIGURES, "flat_procrustes")]
    return (name, *cells, f"{below:.0f} %")


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.1f}" if isinstance(value, float) else f"{value}"
