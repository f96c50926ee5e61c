"""Whether a message type has the fields that an adapter reads, whatever its package is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

_WHOLE = re.compile(r"u?int(8|16|32|64)")
_KINDS = {
    "text": lambda kind: kind.startswith(("string", "wstring")),
    "whole": lambda kind: bool(_WHOLE.fullmatch(kind)),
    "number": lambda kind: kind in ("float", "double") or bool(_WHOLE.fullmatch(kind)),
    "flag": lambda kind: kind == "boolean",
}


def missing_fields(message: type, wanted: Mapping[str, str]) -> list[str]:
    """The fields that a message type lacks, as ``path (kind)``.

    Args:
        message: A generated message class.
        wanted: ``text``, ``whole``, ``number``, ``flag`` or a type such as ``std_msgs/Header`` by
            path. A path goes through nested messages with dots, and ``[]`` marks a list.
    """
    return [f"{path} ({kind})" for path, kind in wanted.items() if not _has(message, path, kind)]


def message_class(name: str) -> Any:
    """The class of a message type.

    Args:
        name: ``package/msg/Name`` or ``package/Name``.

    Raises:
        ModuleNotFoundError: Its package is not installed.
        AttributeError: The package has no such message.
    """
    package, message = name.split("/")[0], name.split("/")[-1]
    return getattr(import_module(f"{package}.msg"), message)


def _has(message: Any, path: str, kind: str) -> bool:
    first, _, rest = path.partition(".")
    declared = message.get_fields_and_field_types().get(first.removesuffix("[]"))
    if declared is None:
        return False
    element, listed = _element(declared)
    if listed != first.endswith("[]"):
        return False
    if rest:
        return "/" in element and _has(message_class(element), rest, kind)
    return _KINDS[kind](element) if kind in _KINDS else element == kind


def _element(declared: str) -> tuple[str, bool]:
    """The type of one element, and whether there are many: ``sequence<a/B, 9>``, ``a/B[4]``."""
    if found := re.fullmatch(r"sequence<([^,>]+(?:<=\d+)?)(?:, *\d+)?>", declared):
        return found[1], True
    if found := re.fullmatch(r"(.+)\[\d+\]", declared):
        return found[1], True
    return declared, False
