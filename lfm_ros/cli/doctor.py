"""``lfm doctor``: what is here, what is missing, and how to mend it."""

from __future__ import annotations

from typing import Any

from lfm_ros.doctor.command import DESCRIPTION, add_options, run


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "doctor", help="say what is missing here, and how to mend it", description=DESCRIPTION
    )
    add_options(parser)
    parser.set_defaults(run=run)
