"""Threads that spin nodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rclpy
from rclpy.context import Context
from rclpy.node import Node

from lfm_ros.ros.executors import SingleThreadedSpinner, Spinner

_JOIN_SECONDS = 5.0


class SpinningThread:
    """Spins in a thread of its own, from now until it is ended.

    Args:
        spinner: What spins.
        on_end: Called in the thread when it is over, for whatever reason.
    """

    def __init__(self, spinner: Spinner, on_end: Callable[[], None] = lambda: None) -> None:
        self._spinner, self._on_end = spinner, on_end
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="executor", daemon=True)
        self._thread.start()

    def end(self) -> BaseException | None:
        """End it after the callback in hand.

        Returns:
            What a callback raised, if that ended it before.
        """
        self._spinner.stop()
        self._thread.join(_JOIN_SECONDS)
        self._spinner.close()
        return self._failure

    def _run(self) -> None:
        try:
            self._spinner.spin()
        except BaseException as error:
            self._failure = error
        finally:
            self._on_end()


@contextmanager
def spinning(node: Node, context: Context) -> Iterator[None]:
    """Spin a node while the context lasts; then destroy it and shut its ROS context down.

    What a callback raised is raised at the end.
    """
    # Such nodes make and destroy clients while they spin, from other threads.
    thread = SpinningThread(SingleThreadedSpinner(node))
    try:
        yield
    finally:
        failure = thread.end()
        node.destroy_node()
        rclpy.shutdown(context=context)
    if failure is not None:
        raise failure
