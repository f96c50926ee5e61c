"""Messages with anything that their types allow in any of their fields."""

from __future__ import annotations

import math
import random
from typing import Any

from hypothesis import strategies as st

_FLOATS = (math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5, -1.0, 1e-40, 1e9, -1e30, 3e38)
_TEXTS = ("", " ", "*", "-5", "person", "dog", "007", "9" * 40, "a/b:c", "\u0663", "x" * 10_000)
_BITS = {"int8": 7, "uint8": 8, "int16": 15, "uint16": 16, "int32": 31, "uint32": 32}

#: Where (as a share of all places), what kind of value (as an index), and a spare number.
Mutation = tuple[float, int, int]


def _changes(seed: int) -> list[Mutation]:
    """Hypothesis prefers small numbers, so places drawn by itself would be the first ones."""
    draw = random.Random(seed)
    count = draw.randint(1, 6)
    return [(draw.random(), draw.randint(0, 100), draw.getrandbits(31)) for _ in range(count)]


mutations = st.integers(0, 2**64 - 1).map(_changes)


def mutate(message: Any, changes: list[Mutation]) -> None:
    """Change a message in place, one field of it or of what is in it after the other."""
    for where, kind, spare in changes:
        owner, field, declared = _place(message, where)
        setattr(owner, field, _value(getattr(owner, field), declared, kind, spare))


def mutate_bytes(data: bytes, changes: list[Mutation]) -> bytes:
    """Overwrite, cut, repeat and insert bytes behind the encapsulation header."""
    body = bytearray(data)
    for where, kind, spare in changes:
        at = 4 + int(where * max(len(body) - 4, 0))
        if kind < 60:
            body[at : at + 4] = spare.to_bytes(4, "little")[: 1 + spare % 4]
        elif kind < 75:
            del body[at:]
        elif kind < 90:
            del body[at : at + 1 + spare % 16]
        else:
            body[at:at] = body[4 : 4 + spare % 64]
    return bytes(body)


def _place(message: Any, where: float) -> tuple[Any, str, str]:
    """A field below a message: its owner, its name and its type."""
    while True:
        fields = list(message.get_fields_and_field_types().items())
        where, (field, declared) = _pick(fields, where)
        value = getattr(message, field)
        if "/" in declared and ("[" in declared or declared.startswith("sequence")):
            # One more than there are: the list itself.
            where, value = _pick([*value, None], where)
        if not hasattr(value, "get_fields_and_field_types"):
            return message, field, declared
        message = value


def _pick(items: list[Any], where: float) -> tuple[float, Any]:
    """The item at a share of a list, and what is left of the share within it."""
    index = min(int(where * len(items)), len(items) - 1)
    return where * len(items) - index, items[index]


def _value(present: Any, declared: str, kind: int, spare: int) -> Any:
    if declared in ("double", "float"):
        return _FLOATS[kind % len(_FLOATS)]
    if declared == "boolean":
        return bool(kind % 2)
    if declared.startswith("string"):
        return _TEXTS[kind % len(_TEXTS)]
    if declared in _BITS:
        top = 2 ** _BITS[declared]
        low = 0 if declared.startswith("u") else -top
        return (top - 1, low, max(low, -1), 0, 1, low + spare % (top - low))[kind % 6]
    if declared.startswith("sequence"):
        return _resized(present, kind)
    if declared.startswith(("float", "double")) and "[" in declared:
        present[kind % len(present)] = _FLOATS[spare % len(_FLOATS)]
    return present


def _resized(items: Any, kind: int) -> Any:
    """A list of another length with the same items."""
    size = len(items)
    return (items[:0], items[: size // 2], items[:] + items[:], items[-1:] * 30)[kind % 4]
