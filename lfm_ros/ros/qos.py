"""How reliable each topic is. Every endpoint can be overridden by ``qos_overrides`` parameters."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # In Humble.
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

_RESULT_DEPTH = 5
_TF_DEPTH = 100


def sensor(depth: int) -> QoSProfile:
    """For input: best effort, which every publisher of detections matches."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT
    )


def result() -> QoSProfile:
    """For markers and clouds: reliable, since displays ask for that."""
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=_RESULT_DEPTH)


def transforms() -> QoSProfile:
    """For /tf, as tf2_ros does."""
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=_TF_DEPTH)


def latched() -> QoSProfile:
    """For what is said once: late subscribers get it too."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL
    )


def overridable() -> QoSOverridingOptions:
    """Lets parameters change history, depth and reliability of an endpoint."""
    return QoSOverridingOptions.with_default_policies()


def unwatched_publisher() -> PublisherEventCallbacks:
    """Without events of QoS; see ``unwatched_subscription``."""
    return PublisherEventCallbacks(use_default_callbacks=False)


def unwatched_subscription() -> SubscriptionEventCallbacks:
    """Without events of QoS, for endpoints that come and go.

    Each would be two things more for the executor to wait for, and EventsExecutor crashes where an
    event of an endpoint comes while that is destroyed. ``unheard.py`` looks for the same troubles.
    """
    return SubscriptionEventCallbacks(use_default_callbacks=False)
