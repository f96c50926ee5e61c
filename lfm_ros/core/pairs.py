"""Which keypoints are left and right of the same part, read from their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: A token of a name -> what it names without the side, and the side. Two letters are the corners
#: of things on four legs or wheels: front, back, rear or hind, and the side.
_SIDES = {"left": ("", "l"), "right": ("", "r"), "l": ("", "l"), "r": ("", "r")} | {
    token: (end, side)
    for end in "fbrhm"
    for side in "lr"
    for token in ((end + side, side + end) if end != "r" else (end + side,))
}
_TOKENS = re.compile(r"[A-Z]{2}(?=_|$|\d)|[A-Z]?[a-z]+|[A-Z]|\d+")


def guess_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (left, right) of indices whose names differ in nothing but the side.

    ``left_knee`` / ``right_knee``, ``LeftKnee``, ``KneeLeft``, ``L_Knee``, ``knee_l``, ``lKnee``,
    ``leftknee`` or ``lknee`` where the other one is there too, and, for the corners of a quadruped
    or a car, ``FL_foot`` / ``FR_foot``.
    """
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for index, name in enumerate(names):
        part, side = _in_tokens(name) or _in_letters(name, names) or (None, "")
        if part is not None:
            found.setdefault(part, {})[side] = index
    return [(sides["l"], sides["r"]) for sides in found.values() if len(sides) == 2]


def _in_tokens(name: str) -> tuple[tuple[str, ...], str] | None:
    """What a name names without the side, and the side, where that is a word of its own."""
    tokens = [t.lower() for t in _TOKENS.findall(name)]
    sided = [i for i, t in enumerate(tokens) if t in _SIDES]
    if not sided:
        return None
    end, side = _SIDES[tokens[sided[0]]]
    tokens[sided[0]] = f"{end}*"
    return tuple(tokens), side


def _in_letters(name: str, names: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
    """The same where the side is part of a word, and the other side has that word too."""
    # Robot hands call their fingers first, middle, ring and little.
    fingers = all(any(n.startswith(f) for n in names) for f in ("ff", "mf", "rf", "lf"))
    for side, own, other in (("l", "left", "right"), ("r", "right", "left")):
        if own in name and name.replace(own, other, 1) in names:
            return (name.replace(own, "*", 1),), side
        if name[:1] == own[0] and other[0] + name[1:] in names and not fingers:
            return (f"*{name[1:]}",), side
    return None
