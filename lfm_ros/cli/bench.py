"""``lfm bench``: how long lifting takes on this computer."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lfm_ros.cli import node_bench
from lfm_ros.cli.argument_types import seconds, whole
from lfm_ros.core.errors import InputError

_DESCRIPTION = """Measure every model in every runtime that runs here: the network alone and the
whole lifter, taking turns with a plain MLP lifter in the same runtime and with the fastest matrix
product of the network's own width (both need the package onnx). Milliseconds. With --ros measure
the whole node instead: from sending the detections to receiving the markers as bytes, between
processes, taking turns with a node that does nothing but send on what it gets."""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "bench", help="measure how long lifting takes here", description=_DESCRIPTION
    )
    parser.add_argument("--batch", type=whole, nargs="+", metavar="N", help="instances of a call")
    parser.add_argument("--keypoints", type=whole, nargs="+", metavar="K", help="of an instance")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="names or folders (all)")
    parser.add_argument("--backends", nargs="+", metavar="NAME", help="runtimes (all)")
    parser.add_argument("--threads", type=whole, default=1, help="of the network (1)")
    parser.add_argument("--seconds", type=seconds, help="for each figure (1; with --ros 5)")
    parser.add_argument("--quick", action="store_true", help="1 and 10 x 17, a tenth of the time")
    parser.add_argument("--ros", action="store_true", help="measure the whole node")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    node_bench.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    of_the_node = options.ros or options.people or options.flood or options.soak is not None
    document = node_bench.run(options) if of_the_node else _lifter(options)
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
    # A tenth of the time is too short to hold anything against an aim.
    aims = [] if quick else table.target_lines(judge(found.rows))
    lines = [*table.cold_lines(found.cold), *aims]
    print("\n".join(["", *lines, *missing, *found.notes]))
    return document(plan, found)
