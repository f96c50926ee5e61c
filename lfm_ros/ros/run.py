"""The life of a node's process: from the command line to a clean end."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from lfm_ros.core.errors import LfmError
from lfm_ros.ros.executor_names import SINGLE_THREADED
from lfm_ros.ros.executors import make_spinner
from lfm_ros.ros.spinning import SpinningThread

_PLACE_IN_SOURCE = re.compile(r", at [^,\s]+:\d+")


def run(make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """Make a node, spin it until a signal comes or it shuts its context down, and end cleanly.

    rclpy's own signal handlers shut the context down at once, so a node could not say goodbye (by
    deleting its markers, for example). Here SIGINT and SIGTERM end the spinning first.

    Args:
        make_node: Called after ``rclpy.init``. If the node has ``close``, it is called before the
            context is shut down. Its parameter ``executor``, if it has one, says what spins it.
        args: Command line; None is that of the process.

    Returns:
        Exit status: 0 after a signal or a shutdown, 1 after an error.
    """
    # Signals come several at once, and the handler of one may interrupt that of another: an Event
    # would wait for its own lock for ever, a SimpleQueue is made for it.
    ended: SimpleQueue[None] = SimpleQueue()
    node: Any = None
    try:
        _initialise(args)
        _on_signals(lambda *_: ended.put(None))
        node = make_node()
        _spin_until(node, ended)
        return 0
    except (LfmError, ParameterException) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        if node is not None:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        rclpy.try_shutdown()
        # Ctrl-C under ros2 launch comes twice, from the terminal and from launch: the second one
        # must not spoil the end of this process.
        _on_signals(signal.SIG_IGN)


def _initialise(args: Sequence[str] | None) -> None:
    """Start rclpy, which reads the command line.

    Raises:
        LfmError: It cannot be read, or a file of parameters that it names cannot.
    """
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        # rcl appends the places in its source at which it noticed.
        what = _PLACE_IN_SOURCE.sub("", str(error))
        raise LfmError(
            f"the command line, or a file of parameters that it names, cannot be used: {what}"
        ) from error


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _spin_until(node: Node, ended: SimpleQueue[None]) -> None:
    """Spin in a thread, so that this one, the only one that gets signals, can wait for them."""
    told = node.has_parameter("executor")
    choice = node.get_parameter("executor").value if told else SINGLE_THREADED
    thread = SpinningThread(make_spinner(node, choice), lambda: ended.put(None))
    ended.get()
    failure = thread.end()
    if failure is not None:
        raise failure
