"""The listening side of the tests that launch_testing runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

PATIENCE = 40.0


class Listener:
    """Waits for messages and answers, in a context of its own."""

    def __init__(self, node: Node, executor: Any) -> None:
        self._node, self._executor = node, executor

    def collect(self, kind: type, topic: str, count: int) -> list[Any]:
        """The next messages of a topic."""
        found: list[Any] = []
        subscription = self._node.create_subscription(kind, topic, found.append, 50)
        self._wait(lambda: len(found) >= count, f"{count} messages on {topic}")
        self._node.destroy_subscription(subscription)
        return found[:count]

    def ask(self, kind: type, service: str, **request: Any) -> Any:
        """The answer of a service to a request with these fields."""
        client = self._node.create_client(kind, service)
        self._wait(client.service_is_ready, service)
        future = client.call_async(kind.Request(**request))
        self._wait(future.done, f"the answer of {service}")
        return future.result()

    def parameters(self, node: str, *names: str) -> list[Any]:
        """Values of parameters of another node."""
        found = self.ask(GetParameters, f"{node}/get_parameters", names=names)
        return [parameter_value_to_python(value) for value in found.values]

    def readers(self, topic: str) -> list[str]:
        """Names of the nodes that subscribe to a topic."""
        found = self._node.get_subscriptions_info_by_topic(topic)
        return [f"{one.node_namespace}/{one.node_name}" for one in found]

    def _wait(self, until: Any, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, f"waited {PATIENCE} s for {what}"
            self._executor.spin_once(timeout_sec=0.1)


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener, closed at the end."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("listener", context=context)
    executor = rclpy.executors.SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield Listener(node, executor)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
