"""The 68 points of a face in the order of Multi-PIE (iBUG), which several sets share."""

from __future__ import annotations

_PARTS = (
    ("jaw", 17, False),
    ("right_eyebrow", 5, False),
    ("left_eyebrow", 5, False),
    ("nose_bridge", 4, False),
    ("nose_base", 5, False),
    ("right_eye", 6, True),
    ("left_eye", 6, True),
    ("outer_lip", 12, True),
    ("inner_lip", 8, True),
)

FACE_NAMES = [f"{part}_{i}" for part, count, _ in _PARTS for i in range(count)]

# What joins the parts, so that the face is one graph: jaw to brows, brows to nose, nose to eyes
# and lips, and the lips to each other.
_BETWEEN = [(0, 17), (16, 26), (21, 27), (22, 27), (30, 33), (39, 27), (42, 27), (33, 51), (51, 62)]
_BETWEEN += [(8, 57)]


def _face_edges() -> list[tuple[int, int]]:
    edges, start = [], 0
    for _, count, closed in _PARTS:
        edges += [(i, i + 1) for i in range(start, start + count - 1)]
        edges += [(start + count - 1, start)] if closed else []
        start += count
    return edges + _BETWEEN


FACE_EDGES = _face_edges()
