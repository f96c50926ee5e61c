"""A node of this process that works in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

_JOIN_SECONDS = 5.0


@contextmanager
def spinning(node: Node, context: Context) -> Iterator[None]:
    """Spin a node while the context lasts; then destroy it and shut its ROS context down.

    What a callback raised is raised at the end.
    """
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    failures: list[Exception] = []

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            pass
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=spin, name="executor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        rclpy.shutdown(context=context)
        thread.join(_JOIN_SECONDS)
        node.destroy_node()
        executor.shutdown(0.0)
    if failures:
        raise failures[0]
