"""``lfm demo``: node, player and viewer on moving objects, watched and judged."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lfm_ros.cli.argument_types import port, seconds

_EPILOG = """\
exit status: 0 if at least 95 % of the frames came back with valid markers (after Ctrl-C, if neither
--seconds nor --data set an end, in any case); 1 if not; 2 if it could not run, which is said in a
sentence; 130 after Ctrl-C before the end.
"""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "demo",
        help="node, player and viewer on moving objects",
        description="Start the nodes of launch/demo.launch.py and watch what they do.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=seconds, help="end after so long; else at Ctrl-C")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE.npz",
        help="play recorded keypoints: 2D alone, or with their truth",
    )
    parser.add_argument(
        "--skeleton", metavar="NAME", help="name or .yaml of its rig; else the file's own, if any"
    )
    parser.add_argument(
        "--source",
        choices=("auto", "uv_det", "uv", "xyz"),
        default="auto",
        help="which keypoints of it: a detector's, labels, the truth seen by a camera of our own; "
        "auto: the first of these that it has",
    )
    parser.add_argument("--port", type=port, default=8080, help="of the viewer's page (8080)")
    parser.add_argument("--no-viewer", action="store_true", help="do not start the viewer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary there, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the demo."""
    from lfm_ros.demo.session import run_demo
    from lfm_ros.demo.settings import DemoOptions

    return run_demo(
        DemoOptions(
            seconds=options.seconds,
            data=options.data,
            source=options.source,
            skeleton=options.skeleton,
            port=options.port,
            viewer=not options.no_viewer,
            report=options.json,
        )
    )
