"""What random objects are made of: parts of a usual form in units of their own size.

Each is fixed at the origin and reaches up (+z), or lies around it; x = 0 is its mirror.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Edges = list[tuple[int, int]]


class Part(NamedTuple):
    """A form.

    Attributes:
        points: (k, 3).
        edges: Between them.
        ring: Points that something may stand at or hang on, such as legs; empty for slim parts.
    """

    points: NDArray[np.float64]
    edges: Edges
    ring: list[int]


def rod(random: np.random.Generator) -> Part:
    """A leg, a pole or a spout with up to two joints; it begins where it is fixed."""
    stops = int(random.integers(1, 4))
    points = np.zeros((stops, 3))
    points[:, 2] = np.arange(1, stops + 1) / stops
    return Part(points, [(i, i + 1) for i in range(stops - 1)], [])


def plate(random: np.random.Generator) -> Part:
    """A board: fixed in its middle as table tops are, or at an edge as lids and backs are."""
    points = _loop(4, 0.5, radius=np.sqrt(0.5))
    if random.random() < 0.5:
        points[:, 1] += 0.5
    return Part(points, _closed(4), [0, 1, 2, 3])


def ring(random: np.random.Generator) -> Part:
    """A rim or a wheel."""
    count = int(random.choice([5, 6, 8]))
    return Part(_loop(count), _closed(count), [*range(count)])


def block(random: np.random.Generator) -> Part:
    """A box, a prism, or a pyramid without its top; its floor or its roof is the ring."""
    count = int(random.choice([3, 4, 4, 4, 6]))
    taper = float(random.choice([1.0, 1.0, random.uniform(0.3, 1.6)]))
    turned = 0.5 if count == 4 else 0.0
    points = np.concatenate([_loop(count, turned), _loop(count, turned, taper * 0.5, height=1.0)])
    walls = [(i, i + count) for i in range(count)]
    first = count * int(random.integers(2))
    edges = [*_closed(count), *_closed(count, count), *walls]
    return Part(points, edges, [first + i for i in range(count)])


def cone(random: np.random.Generator) -> Part:
    """A pyramid."""
    count = int(random.choice([3, 4, 6]))
    floor = _loop(count, 0.5 if count == 4 else 0.0)
    sides = [(i, count) for i in range(count)]
    return Part(np.concatenate([floor, [[0, 0, 1]]]), [*_closed(count), *sides], [*range(count)])


def handle(random: np.random.Generator) -> Part:
    """A bow."""
    top = random.uniform(0.25, 0.5)
    points = np.array([[-0.5, 0, 0], [-top, 0, 1], [top, 0, 1], [0.5, 0, 0]])
    return Part(points, [(0, 1), (1, 2), (2, 3)], [])


Maker = Callable[[np.random.Generator], Part]
#: What a design begins with, and what is added to it; what is there twice is twice as likely.
BODIES: tuple[Maker, ...] = (block, block, plate, ring, cone)
PARTS: tuple[Maker, ...] = (rod, rod, rod, plate, plate, block, ring, cone, handle)


def _loop(
    count: int, turned: float = 0.0, radius: float = 0.5, height: float = 0.0
) -> NDArray[np.float64]:
    """Points (count, 3) around the z axis, ``turned`` by that share of a step."""
    angle = 2 * np.pi * (np.arange(count) + turned) / count + np.pi / 2
    z = np.full(count, height)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], -1)


def _closed(count: int, first: int = 0) -> Edges:
    return [(first + i, first + (i + 1) % count) for i in range(count)]
