"""The life of a node's process: from the command line to a clean end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from lfm_ros.core.errors import LfmError

_JOIN_SECONDS = 5.0


class Finished(Exception):  # noqa: N818  (it is no error)
    """Raised in a callback by a node that has nothing more to do; the process ends with 0."""


def run(make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """Make a node, spin it until it has finished or a signal comes, and end cleanly.

    rclpy's own signal handlers shut the context down at once, so a node could not say goodbye (by
    deleting its markers, for example). Here SIGINT and SIGTERM end the spinning first.

    Args:
        make_node: Called after ``rclpy.init``. If the node has ``close``, it is called before the
            context is shut down.
        args: Command line; None is that of the process.

    Returns:
        Exit status: 0 after a signal or ``Finished``, 1 after an error.
    """
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    ended = threading.Event()
    _on_signals(lambda *_: ended.set())
    node: Any = None
    try:
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


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _spin_until(node: Node, ended: threading.Event) -> None:
    """Spin in a thread, so that this one, the only one that gets signals, can wait for them."""
    failures: list[BaseException] = []
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    stop = node.create_guard_condition(_finish)

    def spin() -> None:
        try:
            executor.spin()
        except Finished:
            pass
        except BaseException as error:
            failures.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=spin, name="executor", daemon=True)
    thread.start()
    ended.wait()
    stop.trigger()
    thread.join(_JOIN_SECONDS)
    executor.shutdown(0.0)
    if failures:
        raise failures[0]


def _finish() -> None:
    raise Finished
