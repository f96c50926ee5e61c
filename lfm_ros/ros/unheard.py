"""Who shares a topic with this node, but never hears it, or is never heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

_REMEDY = "change one of them; at this node qos_overrides do that"


def unheard(node: Node) -> Iterator[str]:
    """A sentence for each endpoint of the graph whose QoS does not go with that of this node."""
    for subscription in node.subscriptions:
        topic = subscription.topic_name
        for peer in node.get_publishers_info_by_topic(topic):
            if why := _objection(peer.qos_profile, subscription.qos_profile):
                yield f"nothing that {_name(peer)} sends on {topic} arrives: {why}; {_REMEDY}"
    for publisher in node.publishers:
        topic = publisher.topic_name
        for peer in node.get_subscriptions_info_by_topic(topic):
            if why := _objection(publisher.qos_profile, peer.qos_profile):
                yield f"nothing on {topic} arrives at {_name(peer)}: {why}; {_REMEDY}"


def _objection(publisher: QoSProfile, subscription: QoSProfile) -> str:
    """Why what one sends never reaches the other; empty if it does.

    rclpy's ``qos_check_compatible`` finds deadlines that nobody asked for: infinite where the graph
    tells of them, zero in a profile.
    """
    if (
        publisher.reliability == ReliabilityPolicy.BEST_EFFORT
        and subscription.reliability == ReliabilityPolicy.RELIABLE
    ):
        return "the publisher is best effort, the subscription wants reliable"
    if (
        publisher.durability == DurabilityPolicy.VOLATILE
        and subscription.durability == DurabilityPolicy.TRANSIENT_LOCAL
    ):
        return "the publisher is volatile, the subscription wants transient local"
    return ""


def _name(peer: Any) -> str:
    return f"{peer.node_namespace.rstrip('/')}/{peer.node_name}"
