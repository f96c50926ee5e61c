"""What the middleware knows of a message, besides what the message says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rclpy.subscription import Subscription

#: Whether callbacks get it; in Humble they get messages alone.
TELLS_MORE = hasattr(Subscription, "CallbackType")


def with_info(take: Callable[[Any, Any], None]) -> Callable[..., None]:
    """A callback for subscriptions that takes a message and its info.

    rclpy's EventsExecutor hands the two over as one, against what rclpy promises.
    """

    def called(*received: Any) -> None:
        take(*(received if len(received) == 2 else received[0]))

    # By this, rclpy knows that the callback wants both.
    called.__signature__ = inspect.signature(take)  # type: ignore[attr-defined]
    return called
