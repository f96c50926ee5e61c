"""Frame -> category -> group -> overall; what is listed is not averaged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from training.evaluation.figures import Figures

Rows = Mapping[str, Figures]


def summarise(
    rows: Rows, listed: Collection[str] = (), apart: Collection[str] = ()
) -> dict[str, Any]:
    """Averages over the sets of each group, then over the groups.

    Args:
        rows: Set (``group/name``) -> figures.
        listed: Sets that are shown but not averaged.
        apart: Sets that one more average leaves out (``overall_without_apart``).

    Returns:
        ``overall`` and ``groups`` without the listed sets (``overall`` is missing where nothing is
        left), ``all_sets`` the same with them, and ``sets``, the rows themselves.
    """
    kept = {name: row for name, row in rows.items() if name not in listed}
    result = {**_over(kept), "all_sets": _over(rows), "sets": dict(rows)}
    rest = {name: row for name, row in kept.items() if name not in apart}
    if rest and len(rest) < len(kept):
        result["overall_without_apart"] = _over(rest)["overall"]
    return result


def headline(averages: Mapping[str, Any]) -> Figures:
    """The overall figures: over the averaged sets, or over all where every set is listed."""
    return averages.get("overall") or averages["all_sets"]["overall"]


def _over(rows: Rows) -> dict[str, Any]:
    groups: dict[str, list[Figures]] = {}
    for name, row in rows.items():
        groups.setdefault(name.split("/")[0], []).append(row)
    means = {group: average(members) for group, members in sorted(groups.items())}
    if not means:
        return {"groups": {}}
    return {"overall": average(list(means.values())), "groups": means}


def average(rows: list[Figures]) -> Figures:
    """Mean of each figure over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {n: float(np.mean([row[n] for row in rows if n in row])) for n in names}
