"""What the demo found, as a status line, as text for a person and as JSON for a program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lfm_ros.demo.accuracy import Accuracy
from lfm_ros.demo.ledger import Ledger, Tally

#: Share of the played frames that has to come back.
ENOUGH = 0.95

_COLUMNS = {
    "in place": "in_place",
    "aligned": "aligned",
    "seen": "aligned_seen",
    "flat": "flat_seen",
    "root": "root",
    "flat root": "flat_root",
}
_LEGEND = (
    "in place: root on root. aligned: best similarity taken out (det = +1). seen: the same,",
    "detected keypoints only. flat: the same with no depth at all. root: distance of the root",
    "from the truth, its size being the usual one of the rig. flat root: that with no depth.",
)


@dataclass(frozen=True)
class Summary:
    """What the demo found.

    Attributes:
        tally: Which frames came back.
        expected: Frames of a recording that ended; None otherwise.
        seconds: How long it played.
        latency_ms: Median and 95th percentile from stamp to markers.
        status: The node's last ``/diagnostics``.
        errors: Means by rig, and ``all``; see ``lfm_ros.demo.accuracy.FIGURES``.
        complaints: What the node logged as a warning or worse.
        problems: What else went wrong, in sentences.
    """

    tally: Tally
    expected: int | None
    seconds: float
    latency_ms: tuple[float, float]
    status: Mapping[str, str]
    errors: dict[str, dict[str, float]]
    complaints: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many frames were to come back."""
        return max(self.tally.played, self.expected or 0)

    @property
    def enough(self) -> bool:
        """Whether so many came back that the demo worked."""
        return self.wanted > 0 and self.tally.answered >= ENOUGH * self.wanted

    @property
    def dropped(self) -> dict[str, int]:
        """Frames that the node dropped, by cause."""
        start = "dropped_"
        return {k[len(start) :]: int(v) for k, v in self.status.items() if k.startswith(start)}

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; None is a figure that nobody knows."""
        p50, p95 = self.latency_ms
        more = {"wanted": self.wanted, "enough": self.enough, "dropped": self.dropped}
        return _known({**asdict(self), **more, "latency_ms": {"p50": p50, "p95": p95}})


def summarize(
    ledger: Ledger,
    accuracy: Accuracy,
    status: Mapping[str, str],
    *,
    expected: int | None,
    seconds: float,
) -> Summary:
    """Take stock."""
    named = {name: accuracy.mean(name) for name in accuracy.names}
    errors = {name: mean for name, mean in named.items() if mean["instances"]}
    errors |= {"all": accuracy.mean()} if errors else {}
    return Summary(ledger.tally(), expected, seconds, ledger.latency_ms(), status, errors)


def status_line(
    seconds: float, now: float, ledger: Ledger, accuracy: Accuracy, status: Mapping[str, str]
) -> str:
    """The present moment in one line.

    Args:
        seconds: Since the first frame.
        now: By the clock that the ledger's times are of.
        ledger: Counts, rates and latencies.
        accuracy: Errors.
        status: The node's last ``/diagnostics``.
    """
    rate_in, rate_out = ledger.rates(now)
    p50, p95 = ledger.latency_ms(last=300)
    in_place, aligned = accuracy.recent()
    parts = [
        f"{seconds:.0f} s",
        f"in {rate_in:.1f} out {rate_out:.1f} Hz",
        f"latency p50 {p50:.1f} p95 {p95:.1f} ms",
        "no error known"
        if math.isnan(aligned)
        else f"error {in_place:.0f} mm, aligned {aligned:.0f} mm",
        status.get("engine", "?"),
    ]
    return " | ".join(parts)


def engine_text(status: Mapping[str, str]) -> str:
    """Which engine, and why."""
    return f"{status.get('engine', '?')}: {status.get('engine_reason', 'not said yet')}"


def summary_text(summary: Summary) -> str:
    """Everything that a person wants to know at the end."""
    tally, (p50, p95) = summary.tally, summary.latency_ms
    network, engine, model = (
        summary.status.get(key, "?") for key in ("network_ms_p50", "engine", "model")
    )
    dropped = ", ".join(f"{cause} {n}" for cause, n in summary.dropped.items()) or "none"
    lines = [
        f"{tally.answered} of {summary.wanted} frames came back with valid markers, "
        f"{tally.cleared} of them cleared because nothing could be lifted",
        f"  not so    {tally.missing} missing, {tally.wrong} wrong, "
        f"{summary.wanted - tally.played} never heard of, {tally.stray} markers without a frame",
        f"  dropped   {dropped}",
        f"  latency   p50 {p50:.1f} ms, p95 {p95:.1f} ms from stamp to markers "
        f"(network p50 {network} ms)",
        f"  engine    {engine}; model {model}",
        *_error_table(summary.errors),
        *(f"  the lifter warned: {text}" for text in summary.complaints),
        *(f"  PROBLEM: {text}" for text in summary.problems),
    ]
    return "\n".join(lines)


def _known(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, Mapping):
        return {name: _known(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _error_table(errors: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not errors:
        return ["  error     not known: there is no truth to compare with"]
    title = "mean error in mm"
    width = max(len(title), *(len(name) for name in errors))
    head = "".join(f"{column:>11}" for column in ("instances", *_COLUMNS))
    rows = [f"  {title:{width}}{head}"]
    for name, mean in errors.items():
        cells = "".join(f"{mean[figure]:>11.0f}" for figure in _COLUMNS.values())
        rows.append(f"  {name:{width}}{mean['instances']:>11.0f}{cells}")
    return [*rows, *(f"    {line}" for line in _LEGEND)]
