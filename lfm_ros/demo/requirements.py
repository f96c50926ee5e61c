"""What the demo needs of this computer, checked before anything is started."""

from __future__ import annotations

import errno
import importlib.util
import socket
from collections.abc import Iterator
from dataclasses import replace

from lfm_ros.core.errors import InputError, LfmError
from lfm_ros.demo.settings import DemoOptions

HOST = "127.0.0.1"


def check_requirements(options: DemoOptions) -> tuple[DemoOptions, list[str]]:
    """Refuse what cannot work, and do without what is not needed.

    Returns:
        The options that can be fulfilled, and a sentence about each that cannot.

    Raises:
        LfmError: There is no ROS 2, no such recording, or the port is taken.
    """
    if not _installed("rclpy"):
        raise LfmError(
            "there is no ROS 2 here (rclpy cannot be imported); run `make demo`, which brings it "
            "along, or source a ROS 2"
        )
    if options.data is not None and not options.data.is_file():
        raise InputError(f"there is no recording {options.data}; give the path of an .npz file")
    possible = options
    if options.viewer and not _installed("viser"):
        possible = replace(options, viewer=False)
    if possible.viewer:
        _check_port(options.port)
    return possible, list(_shortfalls(options))


def _shortfalls(options: DemoOptions) -> Iterator[str]:
    if options.viewer and not _installed("viser"):
        yield "viser is not installed, so there is no viewer (pip install viser)"
    if not _installed("tf2_msgs"):
        yield "tf2_msgs is not installed, so /tf is not published (run `make demo` to build it)"


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _check_port(port: int) -> None:
    """Refuse a port that something listens on; one that was just in use is free."""
    if not 1 <= port <= 65535:
        raise InputError(f"port {port} is not a port; give one from 1 to 65535")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"is refused ({error})"
            raise LfmError(
                f"port {port} {why}; end the program that uses it, or choose another port: "
                f"lfm demo --port {port + 1} (make demo PORT={port + 1})"
            ) from error
