"""``lfm bench --ros`` and its relatives: chooses what to measure of the node, and prints it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from lfm_ros.bench.document import node_document
from lfm_ros.bench.node_latency import RATE_HZ, SIZES, LatencyPlan, measure
from lfm_ros.bench.node_load import flood, people, soak
from lfm_ros.cli.argument_types import hertz
from lfm_ros.core.errors import InputError

_HEAD = "node: detections sent to raw markers received, between processes, milliseconds"
_QUICK_SIZES = ((1, 17), (10, 17))
_FLOOD_SECONDS, _TRIAL_SECONDS = 10.0, 4.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those that concern the node alone."""
    node = parser.add_argument_group("the node (with --ros)")
    node.add_argument("--plain", action="store_true", help="beside it with plain Python messages")
    node.add_argument("--rate", type=hertz, default=RATE_HZ, metavar="HZ", help="of the frames")
    node.add_argument("--core", type=int, metavar="N", help="give the nodes this core alone")
    node.add_argument("--people", action="store_true", help="how many people hold 30 Hz")
    node.add_argument("--soak", type=float, metavar="MINUTES", help="100 Hz, people come and go")
    node.add_argument("--flood", action="store_true", help="1000 Hz, far too much")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and return the document."""
    parameters: dict[str, Any] = {"cpu_threads": options.threads}
    parameters["backend"] = _only(options.backends, "--backends") or "auto"
    model = _only(options.models, "--models")
    parameters |= {"model": model} if model else {}
    if options.soak is not None:
        if options.soak <= 0:
            raise InputError("--soak must be above 0 minutes")
        rows = _listed([soak(options.soak, parameters)])
    elif options.flood:
        rows = _listed([flood(options.seconds or _FLOOD_SECONDS, parameters)])
    elif options.people:
        rows = _listed(people(options.seconds or _TRIAL_SECONDS, parameters, options.core))
    else:
        rows = _table(measure(_plan(options, parameters)))
    return node_document(parameters, rows)


def _plan(options: argparse.Namespace, parameters: dict[str, Any]) -> LatencyPlan:
    sizes = _QUICK_SIZES if options.quick else SIZES
    if options.batch or options.keypoints:
        sizes = [(b, k) for k in options.keypoints or [17] for b in options.batch or [1]]
    return LatencyPlan(
        sizes=sizes,
        rounds=3 if options.quick else 5,
        seconds=options.seconds or (1.0 if options.quick else 3.0),
        plain=options.plain,
        rate=options.rate,
        core=options.core,
        parameters=parameters,
    )


def _only(values: list[str] | None, option: str) -> str | None:
    if values and len(values) > 1:
        raise InputError(f"with --ros {option} takes one name, not {len(values)}")
    return values[0] if values else None


def _table(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    print(_HEAD)
    made: list[dict[str, Any]] = []
    for row in rows:
        if not made:
            print("".join(f"{name:>{_width(name)}}" for name in row))
        cells = (f"{_text(value):>{_width(name)}}" for name, value in row.items())
        print("".join(cells), flush=True)
        made.append(row)
    return made


def _listed(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for row in rows:
        print("  ".join(f"{name} {_text(value)}" for name, value in row.items()), flush=True)
        made.append(row)
    return made


def _width(name: str) -> int:
    return max(9, len(name) + 2)


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
