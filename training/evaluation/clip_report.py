"""Figures of clips, one row a way of smoothing: their medians, and how they are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Row = dict[str, float]
Rows = Mapping[str, Row]
"""Smoothing -> figures."""


def medians(found: Mapping[str, Rows]) -> dict[str, dict[str, Row]]:
    """Group -> smoothing -> medians over the clips of the group.

    Args:
        found: By the name of the clip, which begins with its group and ``/``.
    """
    groups: dict[str, list[Rows]] = {}
    for name, rows in sorted(found.items()):
        groups.setdefault(name.split("/")[0], []).append(rows)
    return {group: _middle(clips) for group, clips in groups.items()}


def tell(
    found: Mapping[str, Rows], table: Callable[[Mapping[str, Rows]], str], output: Path | None
) -> None:
    """Print the table, and write the figures of every clip to a JSON file if one is wished."""
    print(table(found))
    if output is not None:
        output.write_text(json.dumps(found, indent=1) + "\n")


def _middle(clips: list[Rows]) -> dict[str, Row]:
    return {
        name: {key: float(np.median([rows[name][key] for rows in clips])) for key in row}
        for name, row in clips[0].items()
    }
