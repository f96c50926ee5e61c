"""What the figures should be on a computer with nothing else to do, and whether they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lfm_ros.bench.figures import Row

_BASE, _TINY = "lfm_base", "lfm_tiny"
_MANY_TOKENS = 1000


@dataclass(frozen=True)
class Target:
    """One aim.

    Attributes:
        aim: What is wanted, in words.
        bound: ``at least`` or ``at most``.
        wanted: The limit.
        found: The worst figure that was measured, None if none was.
        met: Whether that keeps the limit.
    """

    aim: str
    bound: str
    wanted: float
    found: float | None
    met: bool | None


def judge(rows: Iterable[Row]) -> list[Target]:
    """Hold the rows of one run against the aims."""
    rows = [row for row in rows if row["backend"] == "onnxruntime"]
    shares = [
        row["share_of_roof"]
        for row in rows
        if row["model"] == _BASE
        and "share_of_roof" in row
        and row["instances"] * row["keypoints"] >= _MANY_TOKENS
    ]
    ratios = [
        r["cpu_ratio"] for r in rows if r["what"] in ("engine", "lifter") and "cpu_ratio" in r
    ]
    return [
        _least(f"{_BASE}: share of the roof from {_MANY_TOKENS} tokens on", 0.6, shares),
        _most(f"{_TINY}: time at 1x17 over that of the plain MLP", 2.0, _over_peer(rows)),
        _most("processor time at 30 Hz over the call's own latency", 1.3, ratios),
    ]


def _over_peer(rows: list[Row]) -> list[float]:
    def p50(what: str) -> list[float]:
        return [
            row["p50"]
            for row in rows
            if row["what"] == what
            and (row["instances"], row["keypoints"]) == (1, 17)
            and (what == "peer" or row["model"] == _TINY)
        ]

    return [mine / plain for mine in p50("engine") for plain in p50("peer")]


def _least(aim: str, wanted: float, found: list[float]) -> Target:
    worst = min(found, default=None)
    return Target(aim, "at least", wanted, worst, None if worst is None else worst >= wanted)


def _most(aim: str, wanted: float, found: list[float]) -> Target:
    worst = max(found, default=None)
    return Target(aim, "at most", wanted, worst, None if worst is None else worst <= wanted)
