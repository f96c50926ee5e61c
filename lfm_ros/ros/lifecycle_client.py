"""Another node's lifecycle, driven through its services."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node

from lfm_ros.core.errors import LfmError

_POLL_SECONDS = 0.02
# The first answer to a new client may be lost: the server sends it before it has found the reader.
_ASK_AGAIN_SECONDS = 2.0


class LifecycleError(LfmError):
    """A lifecycle node is not there, does not answer, or refuses a transition."""


class LifecycleClient:
    """Asks a node for its state and for transitions; the caller's node must spin elsewhere.

    Args:
        node: Where the clients live.
        name: Of the lifecycle node.
    """

    def __init__(self, node: Node, name: str) -> None:
        self._name = name
        self._change = node.create_client(ChangeState, f"{name}/change_state")
        self._state = node.create_client(GetState, f"{name}/get_state")

    def wait(self, patience: float, look: Callable[[], None]) -> None:
        """Wait for the services, and until one has answered: before, answers may be lost.

        Args:
            patience: Seconds.
            look: Called again and again meanwhile; what it raises ends the waiting.

        Raises:
            LifecycleError: They are not there after that time, or do not answer.
        """
        services = (self._change, self._state)
        if not _wait(lambda: all(s.service_is_ready() for s in services), patience, look):
            raise LifecycleError(
                f"the lifecycle services of {self._name} did not appear within {patience:g} s"
            )
        self.state(patience, look)

    def state(self, patience: float, look: Callable[[], None]) -> str:
        """The node's present state, such as ``inactive``.

        Raises:
            LifecycleError: It does not answer.
        """
        for _ in range(max(1, round(patience / _ASK_AGAIN_SECONDS))):
            once = min(patience, _ASK_AGAIN_SECONDS)
            answer = self._ask(self._state, GetState.Request(), once, look)
            if answer is not None:
                return answer.current_state.label
        raise _silent(self._state, patience)

    def change(self, transition: str, patience: float, look: Callable[[], None]) -> str:
        """Carry out a transition, such as ``configure`` or ``shutdown``.

        Returns:
            The state that the node is in then.

        Raises:
            LifecycleError: It does not answer, or refuses.
        """
        request = ChangeState.Request(transition=Transition(label=transition))
        answer = self._ask(self._change, request, patience, look)
        if answer is None:
            raise _silent(self._change, patience)
        if not answer.success:
            raise LifecycleError(f"{self._name} refuses the transition {transition}")
        return self.state(patience, look)

    def _ask(self, client: Any, request: Any, patience: float, look: Callable[[], None]) -> Any:
        """The answer; None if there is none."""
        future = client.call_async(request)
        if _wait(future.done, patience, look):
            return future.result()
        client.remove_pending_request(future)
        return None


def _silent(client: Any, patience: float) -> LifecycleError:
    return LifecycleError(f"{client.srv_name} did not answer within {patience:g} s")


def _wait(done: Callable[[], bool], patience: float, look: Callable[[], None]) -> bool:
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            return False
        look()
        time.sleep(_POLL_SECONDS)
    return True
