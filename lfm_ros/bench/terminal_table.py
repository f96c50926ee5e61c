"""The figures on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lfm_ros.bench.figures import Row
from lfm_ros.bench.targets import Target

#: Heading, key of the row, format, width.
_COLUMNS: tuple[tuple[str, str, str, int], ...] = (
    ("what", "what", "", -7),
    ("model", "model", "", -11),
    ("backend", "backend", "", -12),
    ("calls", "calls", "d", 6),
    ("p50", "p50", ".3f", 9),
    ("p95", "p95", ".3f", 9),
    ("p99", "p99", ".3f", 9),
    ("CPU", "cpu", ".3f", 9),
    ("GFLOP/s", "gflops", ".1f", 8),
    ("of roof", "share_of_roof", ".0%", 8),
    ("CPU@30Hz", "cpu_30hz", ".3f", 9),
    ("ratio", "cpu_ratio", ".2f", 6),
)


def head() -> str:
    """The line above the rows."""
    return "    size  " + " ".join(_fit(name, width) for name, _, _, width in _COLUMNS)


def line(row: Row) -> str:
    """One row; what was not measured is a dash."""
    size = f"{row['instances']}x{row['keypoints']}"
    cells = (_fit(_cell(row.get(key), form), width) for _, key, form, width in _COLUMNS)
    return f"{size:>8}  {' '.join(cells)}"


def cold_lines(cold: Sequence[dict[str, Any]]) -> list[str]:
    """Cold start and memory of each model in each runtime."""
    said = []
    for row in cold:
        steps = ("import", "load", "first_call")
        times = ", ".join(f"{step.replace('_', ' ')} {row[step]:.0f}" for step in steps)
        memory = ""
        if row["rss_added"] is not None:
            added, largest = row["rss_added"], row["rss_largest"]
            memory = f"; {added:.0f} MB more, at {row['largest']} {largest:.0f} MB in all"
        said.append(
            f"{row['model']} on {row['backend']}: first result after {row['total']:.0f} ms "
            f"({times}){memory}"
        )
    return said


def target_lines(targets: Sequence[Target]) -> list[str]:
    """What the project aims at, and what was found; nothing of what was not measured."""
    measured = [target for target in targets if target.found is not None]
    if not measured:
        return []
    verdict = {True: "reached", False: "not reached in this run"}
    return [
        "what lfm_ros aims at on a computer with nothing else to do (missing it is no fault):",
        *(
            f"  {t.aim}: {t.found:.2f}, aim {t.bound} {t.wanted:g}: {verdict[bool(t.met)]}"
            for t in measured
        ),
    ]


def _cell(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def _fit(text: str, width: int) -> str:
    return text.ljust(-width) if width < 0 else text.rjust(width)
