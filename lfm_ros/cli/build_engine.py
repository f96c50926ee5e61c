"""``lfm build-engine``: build the TensorRT engine before a robot's first start needs it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from lfm_ros.engines.build import PRECISIONS
from lfm_ros.engines.nvidia import NAMES, Capability
from lfm_ros.models import DEFAULT

_DESCRIPTION = """Build the TensorRT engine of a model into the cache, where the node finds it: for
the GPU of this computer, and then tried on the model's golden batch, or with --compute-capability
for other GPUs, of which none need be here (TensorRT for RTX only)."""
_PRECISION = "fp16, or fp32, which the node takes where fp16 is too far from the model (fp16)"
_OUTPUT = "one file for these GPUs in place of the cache, to look at: no node reads it"


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "build-engine", help="build a TensorRT engine beforehand", description=_DESCRIPTION
    )
    parser.add_argument("--model", default=DEFAULT, help=f"name, or path of a folder ({DEFAULT})")
    parser.add_argument("--module", choices=NAMES, help="(the first that is installed)")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help=_PRECISION)
    parser.add_argument(
        "--compute-capability",
        type=capability,
        nargs="+",
        default=(),
        metavar="N.N",
        help="build for these GPUs without having them, such as 8.6 8.9 12.0",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help=_OUTPUT)
    parser.add_argument("--force", action="store_true", help="build even if it is there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build, and print what came out."""
    from lfm_ros.cli.engine_building import BuildOptions, build_engine

    build_engine(
        BuildOptions(
            options.model,
            options.module,
            options.precision,
            tuple(options.compute_capability),
            options.output,
            options.force,
        )
    )
    return 0


def capability(text: str) -> Capability:
    """A compute capability from its usual form, ``8.9``."""
    found = re.fullmatch(r"(\d+)\.(\d)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 8.9")
    return int(found.group(1)), int(found.group(2))
