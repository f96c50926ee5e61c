"""Records of the comparison as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from training.evaluation.averages import headline, summarise
from training.evaluation.sets import DEGENERATE
from training.peers.measure import FIGURES

Record = dict[str, Any]
Members = Mapping[str, list[Record]]


def averages(record: Record, part: str = "validation") -> dict[str, Any]:
    """Means over the sets of each group, and over the groups, of one record."""
    return summarise(record[part], listed=DEGENERATE)


def table(records: Iterable[Record]) -> str:
    """A line for each entry, sets and budget, seeds averaged; privileged entries are marked."""
    tables: dict[tuple[str, int], dict[str, list[Record]]] = {}
    for record in records:
        members = tables.setdefault((record["sets"], record["budget"]), {})
        members.setdefault(record["entry"], []).append(record)
    lines: list[str] = []
    for (sets, budget), members in sorted(tables.items()):
        lines += [f"### {sets}, {budget:,} samples a network", "", *_section(members)]
    return "\n".join(lines)


def _section(members: Members) -> list[str]:
    first = next(iter(members.values()))[0]
    groups = list(averages(first)["groups"])
    columns = ["", "told", *FIGURES, *groups, "train", "parameters", "MFLOP", "poses/s", "core s"]
    lines = ["| " + " | ".join(columns) + " |", "|---|---|" + "---:|" * (len(columns) - 2)]
    return [*lines, *(_line(name, records, groups) for name, records in members.items()), ""]


def _line(name: str, records: list[Record], groups: list[str]) -> str:
    found = [averages(record) for record in records]
    cells = [_spread([headline(f)[figure] for f in found]) for figure in FIGURES]
    cells += [_spread([f["groups"][group]["procrustes"] for f in found]) for group in groups]
    trained = [headline(averages(record, "train"))["procrustes"] for record in records]
    told = records[0]["told"]
    told_cells = [f"{name} †" if told else name, told or "nothing more"]
    return "| " + " | ".join([*told_cells, *cells, _spread(trained), *_cost(records)]) + " |"


def _cost(records: list[Record]) -> list[str]:
    seconds = float(np.mean([record["core_seconds"] for record in records]))
    speed = records[0]["samples"] / seconds if records[0]["samples"] else 0.0
    parameters = f"{records[0]['parameters'] / 1e6:.2f} M"
    return [parameters, f"{records[0]['mflop']:.1f}", f"{speed:,.0f}", f"{seconds:,.0f}"]


def _spread(values: list[float]) -> str:
    """Mean, and half of the range where there are several."""
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.1f}" + (f" ± {half:.1f}" if len(values) > 1 else "")
