"""``lfm doctor``, and ``python -m lfm_ros.doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

DESCRIPTION = (
    "Look at interpreter, GPU, driver, runtimes, ROS 2, models and built engines. For all that is "
    "missing: what it switches off, and the command that mends it. Status 1 if nothing can run."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command, wherever it is called from."""
    parser.add_argument("--json", action="store_true", help="print JSON, e.g. for a bug report")


def run(options: argparse.Namespace) -> int:
    """Examine and report.

    Returns:
        0 if something can be lifted here, else 1.
    """
    from lfm_ros.doctor import report
    from lfm_ros.doctor.examination import examine
    from lfm_ros.doctor.finding import can_lift

    findings = examine()
    said = report.as_json(findings) if options.json else report.text(findings)
    sys.stdout.write(said + "\n")
    return 0 if can_lift(findings) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m lfm_ros.doctor``."""
    parser = argparse.ArgumentParser(
        prog="python -m lfm_ros.doctor", description=DESCRIPTION, allow_abbrev=False
    )
    add_options(parser)
    return run(parser.parse_args(arguments))
