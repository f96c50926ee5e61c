"""From times to figures: percentiles, rates, shares of the roof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lfm_ros.bench.contender import Contender
from lfm_ros.bench.interleave import Times
from lfm_ros.bench.pacing import Paced
from lfm_ros.bench.roof import Roof
from lfm_ros.engines.select import BACKENDS

Row = dict[str, Any]


def rows_of(
    size: tuple[int, int],
    contenders: Sequence[Contender],
    times: Sequence[Times],
    rates: Sequence[Paced | None],
    roofs: Sequence[Roof],
    roof_times: Sequence[Times],
) -> list[Row]:
    """One row for each contender and each roof at one size.

    Times are milliseconds, ``cpu`` those of a processor; rates are 1e9 operations a second of a
    processor, so that other work on the computer does not count. All are medians where they do not
    say otherwise. ``cpu_30hz`` is processor time for a call at 30 Hz, ``cpu_ratio`` that over the
    call's own latency there.
    """
    gflops = {roof.width: _rate(roof.flop, t) for roof, t in zip(roofs, roof_times, strict=True)}
    where = {"instances": size[0], "keypoints": size[1]}
    rows = [
        {**where, **_row(one, t, rate, gflops)}
        for one, t, rate in zip(contenders, times, rates, strict=True)
    ]
    for roof, t in zip(roofs, roof_times, strict=True):
        named = {"what": "roof", "model": f"width {roof.width}", "backend": "onnxruntime"}
        rate = {"gflops": gflops[roof.width], "shape": list(roof.shape)}
        rows.append({**where, **named, **_percentiles(t), **rate})
    return rows


def _row(one: Contender, times: Times, rate: Paced | None, roofs: Mapping[int, float]) -> Row:
    row: Row = {"what": one.what, "model": one.model, "backend": one.backend}
    row |= _percentiles(times)
    if one.flop is not None and BACKENDS[one.backend].on_cpu:
        row["gflops"] = _rate(one.flop, times)
        if one.width is not None and one.width in roofs:
            row["share_of_roof"] = row["gflops"] / roofs[one.width]
    if rate is not None:
        row["latency_30hz"] = 1e3 * rate.latency
        row["cpu_30hz"] = 1e3 * rate.cpu
        row["cpu_ratio"] = rate.cpu / rate.latency
    if one.steps:
        row["steps"] = _steps(one.steps, row["p50"])
    return row


def _percentiles(times: Times) -> Row:
    points = {"best": 0, "p50": 50, "p95": 95, "p99": 99}
    found = 1e3 * np.percentile(times.wall, list(points.values()))
    row: Row = {"calls": len(times.wall), **dict(zip(points, found.tolist(), strict=True))}
    return {**row, "cpu": 1e3 * float(np.median(times.cpu))}


def _rate(flop: float, times: Times) -> float:
    return flop / float(np.median(times.cpu)) / 1e9


def _steps(steps: Sequence[Mapping[str, float]], whole: float) -> dict[str, float]:
    """Medians of the steps; ``checks`` is what they leave: reading and checking the arguments."""
    medians = {name: 1e3 * float(np.median([s[name] for s in steps])) for name in steps[0]}
    return {**medians, "checks": max(0.0, whole - sum(medians.values()))}
