"""``lfm bench``: how long lifting takes on this computer."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError

_DESCRIPTION = """Measure every model in every runtime that runs here: the network alone and the
whole lifter, taking turns with a plain MLP lifter in the same runtime and with the fastest matrix
product of the network's own width (both need the package onnx). Milliseconds. With --ros measure
the whole node instead: from the stamp of the detections to the callback of the markers, at 30 Hz,
in two processes."""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "bench", help="measure how long lifting takes here", description=_DESCRIPTION
    )
    parser.add_argument("--batch", type=_whole, nargs="+", metavar="N", help="instances of a call")
    parser.add_argument("--keypoints", type=_whole, nargs="+", metavar="K", help="of an instance")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="names or folders (all)")
    parser.add_argument("--backends", nargs="+", metavar="NAME", help="runtimes (all)")
    parser.add_argument("--threads", type=_whole, default=1, help="of the network (1)")
    parser.add_argument("--seconds", type=float, help="for each figure (1; with --ros 5)")
    parser.add_argument("--quick", action="store_true", help="1 and 10 x 17, a tenth of the time")
    parser.add_argument("--ros", action="store_true", help="measure the whole node")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if options.seconds is not None and options.seconds <= 0:
        raise InputError("--seconds must be above 0")
    document = _node(options) if options.ros else _lifter(options)
    if options.json is not None:
        from lfm_ros.bench.document import rounded

        try:
            options.json.write_text(json.dumps(rounded(document), indent=1) + "\n")
        except OSError as error:
            raise InputError(f"{options.json} cannot be written: {error.strerror}") from error
    return 0


def _lifter(options: argparse.Namespace) -> dict[str, Any]:
    from lfm_ros.bench import terminal_table as table
    from lfm_ros.bench.document import document
    from lfm_ros.bench.measure import measure
    from lfm_ros.bench.plan import BATCHES, KEYPOINTS, Plan
    from lfm_ros.bench.targets import judge
    from lfm_ros.models import available

    quick = options.quick
    plan = Plan(
        models=options.models or available(),
        backends=options.backends or (),
        batches=options.batch or ((1, 10) if quick else BATCHES),
        keypoints=options.keypoints or ((17,) if quick else KEYPOINTS),
        threads=options.threads,
        seconds=options.seconds or (0.1 if quick else 1.0),
    )
    print(table.head(), flush=True)
    found = measure(plan, lambda row: print(table.line(row), flush=True))
    missing = [f"{name}: {why}" for name, why in found.backends.items() if why]
    lines = [*table.cold_lines(found.cold), *table.target_lines(judge(found.rows))]
    print("\n".join(["", *lines, *missing, *found.notes]))
    return document(plan, found)


def _node(options: argparse.Namespace) -> dict[str, Any]:
    from lfm_ros.bench.document import node_document
    from lfm_ros.cli.node_bench import measure

    parameters: dict[str, Any] = {"cpu_threads": options.threads}
    parameters["backend"] = _only(options.backends, "--backends") or "auto"
    model = _only(options.models, "--models")
    parameters |= {"model": model} if model else {}
    rows: list[dict[str, Any]] = []
    print("stamp of the detections to callback of the markers, 30 Hz, two processes, milliseconds")
    for row in measure(parameters, options.seconds or 5.0):
        _show(row, first=not rows)
        rows.append(row)
    return node_document(parameters, rows)


def _only(values: list[str] | None, option: str) -> str | None:
    if values and len(values) > 1:
        raise InputError(f"with --ros {option} takes one name, not {len(values)}")
    return values[0] if values else None


def _show(row: dict[str, Any], *, first: bool) -> None:
    if first:
        print("".join(f"{name:>11}" for name in row))
    cells = (f"{v:>11.2f}" if isinstance(v, float) else f"{v:>11}" for v in row.values())
    print("".join(cells), flush=True)


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
