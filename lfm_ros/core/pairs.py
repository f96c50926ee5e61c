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

    ``left_knee`` / ``right_knee``, ``LeftKnee``, ``KneeLeft``, ``L_Knee``, ``knee_l``, ``lKnee``
    ``lknee`` where ``rknee`` is there too, and, for the corners of a quadruped or a car,
    ``FL_foot`` / ``FR_foot``.
    """
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for index, name in enumerate(names):
        tokens = [t.lower() for t in _TOKENS.findall(name)]
        sided = [i for i, t in enumerate(tokens) if t in _SIDES]
        if not sided:
            if name[:1] in ("l", "r") and {f"l{name[1:]}", f"r{name[1:]}"} <= set(names):
                found.setdefault((name[1:],), {})[name[0]] = index
            continue
        end, side = _SIDES[tokens[sided[0]]]
        tokens[sided[0]] = f"{end}*"
        found.setdefault(tuple(tokens), {})[side] = index
    return [(sides["l"], sides["r"]) for sides in found.values() if len(sides) == 2]
