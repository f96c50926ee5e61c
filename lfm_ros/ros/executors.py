"""What brings messages to a node's callbacks, and how that is ended.

rclpy's executor for one thread builds two wait sets of everything that the node has, in Python, for
every callback. Its EventsExecutor is told of messages by the middleware and does that work in C++,
for half the processor time. It is no default: after a frame of a thousand instances it fell behind
in some runs of the fault tests, with messages that lay there until the next one came.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

from lfm_ros.core.errors import InputError
from lfm_ros.ros.executor_names import EVENTS, SINGLE_THREADED

try:  # Not in Humble.
    from rclpy.experimental import EventsExecutor
except ImportError:
    EventsExecutor = None

# Endless, but for rclpy from PyPI: its C++ library is older than the system, and there a wait
# without an end is over at once, again and again, and no callback is ever called.
_LONG_SECONDS = 1e6


class Spinner(Protocol):
    """Calls the callbacks of a node."""

    def spin(self) -> None:
        """Return after ``stop``, or when the ROS context is shut down; raise what they raise."""

    def stop(self) -> None:
        """End the spinning between two callbacks; for any thread."""

    def close(self) -> None:
        """Let the node go."""


def make_spinner(node: Node, choice: str = SINGLE_THREADED) -> Spinner:
    """The executor for a node.

    Args:
        node: In the context that it was made in.
        choice: One of ``executor_names.EXECUTORS``.

    Raises:
        InputError: This rclpy has no such executor.
    """
    if choice != EVENTS:
        return SingleThreadedSpinner(node)
    if EventsExecutor is None:
        raise InputError(
            "executor is events, but this rclpy has no EventsExecutor (it came with Jazzy, in "
            "rclpy 7.1.4); set executor to single_threaded"
        )
    return EventsSpinner(node)


class SingleThreadedSpinner:
    """Spins by wait sets."""

    def __init__(self, node: Node) -> None:
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        # Shutting the context down would end the spinning too, but in the middle of a callback.
        self._guard = node.create_guard_condition(_stop)

    def spin(self) -> None:
        """Return after ``stop``, or when the ROS context is shut down; raise what they raise."""
        with suppress(_Stopped, ExternalShutdownException):
            self._executor.spin()

    def stop(self) -> None:
        """End the spinning between two callbacks; for any thread."""
        self._guard.trigger()

    def close(self) -> None:
        """Let the node go."""
        self._executor.shutdown(0.0)


class EventsSpinner:
    """Spins by events of the middleware.

    Endpoints that are destroyed while it spins must have no event callbacks (``qos.py`` says how):
    an event of one that is on its way then ends the process (rclpy issue 1644).
    """

    def __init__(self, node: Node) -> None:
        assert EventsExecutor is not None, "make_spinner looks for it"
        self._executor: Any = EventsExecutor(context=node.context)
        self._executor.add_node(node)
        # Guard conditions are not among the events.
        self._stopped = Future()

    def spin(self) -> None:
        """Return after ``stop``, or when the ROS context is shut down; raise what they raise."""
        with suppress(ExternalShutdownException):
            while not self._stopped.done():
                self._executor.spin_until_future_complete(self._stopped, _LONG_SECONDS)

    def stop(self) -> None:
        """End the spinning between two callbacks; for any thread."""
        self._stopped.set_result(None)

    def close(self) -> None:
        """Let the node go."""
        self._executor.shutdown(0.0)


class _Stopped(Exception):  # noqa: N818  (it is no error)
    """Raised in the executor's thread to end it between two callbacks."""


def _stop() -> None:
    raise _Stopped
