"""A node of this process that works in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

_JOIN_SECONDS = 5.0


@contextmanager
def spinning(node: Node, context: Context) -> Iterator[None]:
    """Spin a node while the context lasts; then destroy it and shut its ROS context down.

    What a callback raised is raised at the end.
    """
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    # Shutting the context down would end the spinning too, but in the middle of a callback.
    stop = node.create_guard_condition(_stop)
    failures: list[Exception] = []

    def spin() -> None:
        try:
            executor.spin()
        except _Stopped:
            pass
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=spin, name="executor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.trigger()
        thread.join(_JOIN_SECONDS)
        executor.shutdown(0.0)
        node.destroy_node()
        rclpy.shutdown(context=context)
    if failures:
        raise failures[0]


class _Stopped(Exception):  # noqa: N818  (it is no error)
    """Raised in the executor's thread to end it between two callbacks."""


def _stop() -> None:
    raise _Stopped
