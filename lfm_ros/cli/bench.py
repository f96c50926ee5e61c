"""``lfm bench``: how long lifting takes on this computer."""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "bench",
        help="measure how long lifting takes here",
        description="Median latency of the lifter, or with --ros of the whole node: from the "
        "stamp of the detections to the callback of the markers, at 30 Hz, in two processes.",
    )
    parser.add_argument("--ros", action="store_true", help="measure the whole node")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each size (5)")
    parser.add_argument("--model", help="name or folder of the network")
    parser.add_argument("--backend", default="auto", help="what runs the network")
    parser.add_argument("--threads", type=int, default=1, help="of the network (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if options.seconds <= 0 or options.threads < 1:
        raise InputError("--seconds must be above 0 and --threads at least 1")
    rows = _node(options) if options.ros else _lifter(options)
    if options.json is not None:
        try:
            options.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2))
        except OSError as error:
            raise InputError(f"{options.json} cannot be written: {error.strerror}") from error
    return 0


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {"system": platform.platform(), "python": platform.python_version()}


def _lifter(options: argparse.Namespace) -> list[dict[str, Any]]:
    from lfm_ros.cli.lifter_bench import measure
    from lfm_ros.lifter import Lifter

    rows: list[dict[str, Any]] = []
    with Lifter.from_pretrained(options.model, options.backend, threads=options.threads) as lifter:
        print(f"{lifter.model.name} on {lifter.engine.name}, {lifter.reason}; median milliseconds")
        for row in measure(lifter, options.seconds):
            _show(row, first=not rows)
            rows.append(row)
    return rows


def _node(options: argparse.Namespace) -> list[dict[str, Any]]:
    from lfm_ros.cli.node_bench import measure

    parameters = {"backend": options.backend, "cpu_threads": options.threads}
    parameters |= {"model": options.model} if options.model else {}
    rows: list[dict[str, Any]] = []
    print("stamp of the detections to callback of the markers, 30 Hz, two processes, milliseconds")
    for row in measure(parameters, options.seconds):
        _show(row, first=not rows)
        rows.append(row)
    return rows


def _show(row: dict[str, Any], *, first: bool) -> None:
    if first:
        print("".join(f"{name:>11}" for name in row))
    cells = (f"{v:>11.2f}" if isinstance(v, float) else f"{v:>11}" for v in row.values())
    print("".join(cells), flush=True)
