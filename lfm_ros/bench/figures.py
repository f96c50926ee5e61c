"""From times to figures: percentiles, rates, shares of the roof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bench.contender import ON_CPU, Contender
from lfm_ros.bench.pacing import Paced
from lfm_ros.bench.roof import Roof

Times = NDArray[np.float64]
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

    Times are milliseconds, rates 1e9 operations a second at the median; ``cpu_30hz`` is processor
    time for a call at 30 Hz, ``cpu_ratio`` that over the call's own latency there.
    """
    gflops = {
        roof.width: roof.flop / float(np.median(t)) / 1e9
        for roof, t in zip(roofs, roof_times, strict=True)
    }
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
    if one.flop is not None:
        row["gflops"] = one.flop / float(np.median(times)) / 1e9
        if one.width in roofs and one.backend in ON_CPU:
            row["share_of_roof"] = row["gflops"] / roofs[one.width]
    if rate is not None:
        row["latency_30hz"] = 1e3 * rate.latency
        row["cpu_30hz"] = 1e3 * rate.cpu
        row["cpu_ratio"] = rate.cpu / rate.latency
    if one.steps:
        row["steps"] = _steps(one.steps, row["p50"])
    return row


def _percentiles(times: Times) -> Row:
    best, *rest = (1e3 * float(value) for value in np.percentile(times, [0, 50, 95, 99]))
    return {
        "calls": len(times),
        "best": best,
        **dict(zip(("p50", "p95", "p99"), rest, strict=True)),
    }


def _steps(steps: Sequence[Mapping[str, float]], whole: float) -> dict[str, float]:
    """Medians of the steps; ``checks`` is what they leave: reading and checking the arguments."""
    medians = {name: 1e3 * float(np.median([s[name] for s in steps])) for name in steps[0]}
    return {**medians, "checks": max(0.0, whole - sum(medians.values()))}
