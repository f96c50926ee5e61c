"""The evaluation's figures as pictures, one question each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from training.evaluation.averages import headline
from training.evaluation.curve import Curve

matplotlib.use("Agg")
from matplotlib import pyplot

_RADIUS = "error, % of the radius"
Axes = Any


def draw(result: dict[str, Any], curve: Curve | None, folder: Path) -> dict[str, Path]:
    """Write a PNG for each question that the evaluation answered; title -> path."""
    plots: dict[str, tuple[Callable[..., None], Any, tuple[float, float]]] = {}
    if curve and curve.samples:
        plots["Learning curve"] = (_curve, curve, (6, 3.6))
    if "sweeps" in result:
        plots["Occlusion, noise, perspective"] = (_sweeps, result["sweeps"], (12, 3.6))
    if "uncertainty" in result:
        plots["Uncertainty"] = (_reliability, result["uncertainty"], (4.2, 4))
    if "upright" in result.get("seen", {}):
        plots["Categories"] = (_categories, result, (14, 4.2))
        plots["Frames trained on"] = (_frames, result, (6, 3.6))
    folder.mkdir(parents=True, exist_ok=True)
    return {title: _save(title, *plot, folder) for title, plot in plots.items()}


def _save(
    title: str, plot: Callable[..., None], data: Any, size: tuple[float, float], folder: Path
) -> Path:
    figure = pyplot.figure(figsize=size, layout="constrained")
    plot(figure, data)
    path = folder / f"{title.lower().replace(',', '').replace(' ', '_')}.png"
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
    return path


def _curve(figure: Any, curve: Curve) -> None:
    axes = figure.subplots()
    for name, values in curve.groups.items():
        axes.loglog(curve.samples, values, color="0.75", linewidth=1)
        axes.annotate(name, (curve.samples[-1], values[-1]), fontsize=7, color="0.5")
    for name, values in curve.errors.items():
        axes.loglog(curve.samples, values, label=name)
    law = curve.law()
    if law:
        ahead = np.geomspace(curve.samples[-1] / 2, 10 * curve.samples[-1], 20)
        axes.loglog(ahead, law[0] * ahead ** law[1], "C0:", label=f"power law {law[1]:.2f}")
    axes.set_yticks([3, 5, 7, 10, 15, 20], [3, 5, 7, 10, 15, 20], minor=False)
    axes.minorticks_off()
    axes.set(xlabel="views seen", ylabel=_RADIUS)
    axes.legend(fontsize=7)


def _sweeps(figure: Any, sweeps: dict[str, Any]) -> None:
    labels = {"occlusion": "% hidden", "noise": "noise, % of the 2D radius", "distance": "radii"}
    lines = {
        "procrustes": "C0-",
        "camera": "C1-",
        "flat_procrustes": "k:",
        "hidden": "C2-",
    }
    for axes, (name, label) in zip(figure.subplots(1, 3, sharey=True), labels.items(), strict=True):
        for line, style in lines.items():
            points = [(float(n), headline(a).get(line)) for n, a in sweeps[name].items()]
            known = [(x, y) for x, y in points if y is not None]
            if known:
                axes.plot(*zip(*known, strict=True), style, marker=".", label=line)
        if name == "distance":
            axes.set_xscale("log")
            axes.set_xticks([float(n) for n in sweeps[name]], list(sweeps[name]))
            axes.minorticks_off()
        axes.set(xlabel=label, ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(_RADIUS)
    figure.axes[0].legend(["procrustes", "camera", "no depth", "hidden points alone"], fontsize=7)


def _reliability(figure: Any, parts: dict[str, Any]) -> None:
    axes = figure.subplots()
    for name, averages in parts.items():
        axes.plot(averages["bins"]["sigma"], averages["bins"]["error"], marker=".", label=name)
    most = max(max(a["bins"]["error"] + a["bins"]["sigma"]) for a in parts.values())
    axes.plot([0, most], [0, most], "k:", linewidth=1)
    axes.set(xlabel="sigma, % of the radius", ylabel=_RADIUS)
    axes.legend(fontsize=7)


def _categories(figure: Any, result: dict[str, Any]) -> None:
    axes: Axes = figure.subplots()
    ticks: list[str] = []
    for colour, part in zip(("C0", "C1", "C3"), ("seen", "other_rig", "unseen"), strict=True):
        rows = result.get(part, {}).get("upright", {}).get("sets", {})
        for name, row in sorted(rows.items(), key=lambda item: (_group(item), item[1]["camera"])):
            at, listed = len(ticks), bool(result["catalogue"][name]["listed"])
            axes.bar(at, row["procrustes"], color=colour, alpha=0.4 if listed else 1)
            axes.plot([at - 0.4, at + 0.4], [row["flat_procrustes"]] * 2, "k", linewidth=0.8)
            ticks.append(name.split("/")[1])
    axes.set_xticks(range(len(ticks)), ticks, rotation=90, fontsize=6)
    axes.set(ylabel=_RADIUS, xlim=(-1, len(ticks)))
    axes.set_title("seen, other_rig, unseen; pale: not averaged; black: no depth", fontsize=8)


def _group(item: tuple[str, Any]) -> str:
    return item[0].split("/")[0]


def _frames(figure: Any, result: dict[str, Any]) -> None:
    axes = figure.subplots()
    groups: dict[str, list[tuple[int, float]]] = {}
    for name, row in result["seen"]["upright"]["sets"].items():
        frames = result["catalogue"][name]["training_frames"]
        groups.setdefault(name.split("/")[0], []).append((frames, row["procrustes"]))
    for group, points in sorted(groups.items()):
        axes.scatter(*zip(*points, strict=True), label=group, s=14)
    axes.set(xlabel="frames trained on", ylabel=_RADIUS, xscale="log", ylim=(0, None))
    axes.legend(fontsize=7)
