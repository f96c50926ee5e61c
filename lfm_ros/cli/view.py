"""``lfm view``: the viewer of a running graph, in this process."""

from __future__ import annotations

import argparse
from typing import Any

from lfm_ros.cli.argument_types import port
from lfm_ros.core.errors import LfmError


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "view",
        help="show a running lifter in the browser",
        description="Serve a page that shows what a running lifter publishes.",
    )
    parser.add_argument("--port", type=port, help="port of the page")
    parser.add_argument("--host", help="address to listen on; by default this computer only")
    parser.add_argument("--namespace", help="namespace of the lifter")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Start the executable ``viewer`` with the options as its parameters."""
    try:
        from lfm_ros.ros.viewer_node import main
    except ModuleNotFoundError as error:
        raise LfmError(
            f"the viewer needs the Python module {error.name}, which is not installed; install "
            "viser with pip, and source a ROS 2 (or run `make demo` once)"
        ) from error
    parameters = {"port": options.port, "host": options.host}
    given = {name: value for name, value in parameters.items() if value is not None}
    arguments = [part for name, value in given.items() for part in ("-p", f"{name}:={value}")]
    if options.namespace:
        arguments += ["-r", f"__ns:=/{options.namespace.strip('/')}"]
    return main(["viewer", "--ros-args", *arguments])
