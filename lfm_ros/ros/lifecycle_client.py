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
        """Wait for the services.

        Args:
            patience: Seconds.
            look: Called again and again meanwhile; what it raises ends the waiting.

        Raises:
            LifecycleError: They are not there after that time.
        """
        services = (self._change, self._state)
        if not _wait(lambda: all(s.service_is_ready() for s in services), patience, look):
            raise LifecycleError(
                f"the lifecycle services of {self._name} did not appear within {patience:g} s"
            )

    def state(self, patience: float, look: Callable[[], None]) -> str:
        """The node's present state, such as ``inactive``.

        Raises:
            LifecycleError: It does not answer.
        """
        answer = self._call(self._state, GetState.Request(), patience, look)
        return answer.current_state.label

    def change(self, transition: str, patience: float, look: Callable[[], None]) -> str:
        """Carry out a transition, such as ``configure`` or ``shutdown``.

        Returns:
            The state that the node is in then.

        Raises:
            LifecycleError: It does not answer, or refuses.
        """
        request = ChangeState.Request(transition=Transition(label=transition))
        answer = self._call(self._change, request, patience, look)
        if not answer.success:
            raise LifecycleError(f"{self._name} refuses the transition {transition}")
        return self.state(patience, look)

    def _call(self, client: Any, request: Any, patience: float, look: Callable[[], None]) -> Any:
        future = client.call_async(request)
        if not _wait(future.done, patience, look):
            client.remove_pending_request(future)
            raise LifecycleError(f"{client.srv_name} did not answer within {patience:g} s")
        return future.result()


def _wait(done: Callable[[], bool], patience: float, look: Callable[[], None]) -> bool:
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            return False
        look()
        time.sleep(_POLL_SECONDS)
    return True
