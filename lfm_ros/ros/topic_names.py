"""Names of topics as parameters have them: relative to the node's namespace, or with a ``*``."""

from __future__ import annotations

import re

from rclpy.node import Node

from lfm_ros.core.errors import MessageError

# What a name may hold, but no name that somebody would choose.
_PLACEHOLDER = "lfm_any_id"


def resolved(node: Node, topic: str) -> str:
    """The full name of a topic, remapped.

    Raises:
        MessageError: It is no name of a topic.
    """
    return _resolved(node, topic, topic)


def pattern(node: Node, topic: str) -> re.Pattern[str]:
    """What full names of topics match that fit; its first group is what stands for the ``*``.

    Args:
        node: In whose namespace the names are.
        topic: A name in which one ``*`` stands for the id of a body.

    Raises:
        MessageError: It is no name of a topic, or has another ``*``.
    """
    if topic.count("*") != 1:
        raise MessageError(
            f"{topic!r} has {topic.count('*')} times a *, but a body's id stands in one place; "
            "correct input_topics"
        )
    full = re.escape(_resolved(node, topic.replace("*", _PLACEHOLDER), topic))
    return re.compile(full.replace(_PLACEHOLDER, "([^/]+)", 1))


def _resolved(node: Node, name: str, said: str) -> str:
    try:
        return node.resolve_topic_name(name)
    except RuntimeError as error:
        why = str(error).split(", at ")[0]
        raise MessageError(f"{said!r} is no topic ({why}); correct input_topics") from error
