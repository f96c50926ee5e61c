"""Objects that nobody made: random designs of boxes, boards, legs, rims, lids and handles.

Scanned objects come in a few dozen kinds, and a network learns those kinds. What holds for others,
too, is that objects are symmetric, that their parts are straight, round or square, and that parts
that look alike are alike. A design says which parts sit where; its objects differ in every measure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from training.data.poses import FAMILY_END, PoseSet
from training.data.shape_parts import BODIES, PARTS, Edges, Maker, Part

Points = NDArray[np.float64]

#: The family of all these sets.
FAMILY = "shape/random"
_LICENSE = "BSD-3-Clause (training/data/shapes.py)"
_UP = np.array([0, 0, 1], np.float32)
_MIRROR = np.array([-1.0, 1.0, 1.0])

# Keypoints of a design: it grows until it has a number between the first two, and may end above
# them, for parts come whole.
_FEWEST, _ENOUGH, _MOST = 6, 32, 40
# Logarithms of the usual measures of parts, and how far objects of a design are from the usual.
_MEASURES, _SPREADS = (np.log(0.12), np.log(1.0)), (0.08, 0.35)
# Standard deviations of how parts lean in radians: nearly all a little, some on hinges.
_LEANING, _HINGE, _HINGED = 0.06, 0.6, 0.15
# Shares of parts that stand at every point of a ring, and of slim ones that point to the side.
_ALL_AROUND, _SIDEWAYS = 0.25, 0.3


def random_shapes(designs: int, objects: int, seed: int = 0) -> dict[str, PoseSet]:
    """Sets of random objects by name, one a design; +z is up, lengths have no unit.

    Args:
        designs: How many; a few too large ones are left out.
        objects: Of each design.
        seed: Of everything.
    """
    sets = {}
    for index in range(designs):
        design = _Design(objects, np.random.default_rng((seed, index)))
        design.grow()
        if len(design.points) <= _MOST:
            name = f"{FAMILY}{FAMILY_END}{index}"
            sets[name] = design.as_set(name)
    return sets


@dataclass
class _Design:
    """A plan and N objects built to it, grown part by part; x = 0 is the mirror.

    Attributes:
        count: N.
        random: Draws everything.
        points: Each (N, 3).
        twin: Of each point the one in the mirror, or itself.
        edges: Between them.
        rings: Of all parts that have one.
    """

    count: int
    random: np.random.Generator
    points: list[Points] = field(default_factory=list)
    twin: list[int] = field(default_factory=list)
    edges: Edges = field(default_factory=list)
    rings: list[list[int]] = field(default_factory=list)
    spread: float = 0.0

    def grow(self) -> None:
        """Add parts until there are as many points as this design is to have."""
        wanted = self.random.integers(_FEWEST, _ENOUGH + 1)
        self.spread = self.random.uniform(*_SPREADS)
        body = self._drawn(BODIES)
        self._add(body, self._sized(body))
        while len(self.points) < wanted:
            part = self._drawn(PARTS)
            self._fix(part, self._leaning(part, self._sized(part)))

    def as_set(self, name: str) -> PoseSet:
        """The objects as poses, each a sequence of its own."""
        xyz = np.stack(self.points, 1).astype(np.float32)
        pairs = [(i, twin) for i, twin in enumerate(self.twin) if i < twin]
        edges = sorted({(min(edge), max(edge)) for edge in self.edges})
        skeleton = Skeleton([f"p{i}" for i in range(len(self.points))], edges, pairs=pairs)
        valid, rows = np.ones(xyz.shape[:2], bool), np.arange(self.count)
        return PoseSet(name, xyz, valid, rows, _UP, skeleton, _LICENSE)

    def _drawn(self, makers: tuple[Maker, ...]) -> Part:
        return makers[self.random.integers(len(makers))](self.random)

    def _sized(self, part: Part) -> Points:
        """The part's points (N, k, 3) in the measures of each object."""
        usual = self.random.uniform(*_MEASURES, size=3)
        measures = np.exp(usual + self.spread * self.random.standard_normal((self.count, 3)))
        return part.points * measures[:, None]

    def _leaning(self, part: Part, points: Points) -> Points:
        """Up, ahead, down or back, a little off in each object. The part's mirror stays."""
        spread = _HINGE if self.random.random() < _HINGED else _LEANING
        quarter = 0.5 * np.pi * self.random.integers(4)
        angle = (quarter + spread * self.random.standard_normal(self.count))[:, None]
        c, s, (x, y, z) = np.cos(angle), np.sin(angle), np.moveaxis(points, -1, 0)
        y, z = c * y - s * z, s * y + c * z
        sideways = not part.ring and self.random.random() < _SIDEWAYS
        return np.stack([z, y, -x] if sideways else [x, y, z], -1)

    def _fix(self, part: Part, points: Points) -> None:
        """Put the part on a point and on its twin, or on all around."""
        ring = self.rings[self.random.integers(len(self.rings))]
        all_around = self.random.random() < _ALL_AROUND and len(ring) * len(part.points) <= _MOST
        anchors = ring if all_around else [int(self.random.integers(len(self.points)))]
        for anchor in dict.fromkeys(min(a, self.twin[a]) for a in anchors):
            at, twin = self.points[anchor][:, None], self.twin[anchor]
            ours = self._add(part, at + points, anchor)
            if twin != anchor:
                theirs = self._add(part, (at + points) * _MIRROR, twin)
                for one, other in zip(ours, theirs, strict=True):
                    self.twin[one], self.twin[other] = other, one

    def _add(self, part: Part, placed: Points, anchor: int | None = None) -> range:
        first, size = len(self.points), placed.shape[1]
        self.points.extend(np.swapaxes(placed, 0, 1))
        self.twin.extend(first + i for i in _mirrored(placed[0]))
        self.edges.extend((first + a, first + b) for a, b in part.edges)
        if part.ring:
            self.rings.append([first + i for i in part.ring])
        if anchor is not None:
            self.edges.append((anchor, first + int(self.random.integers(size))))
        return range(first, first + size)


def _mirrored(points: Points) -> list[int]:
    """Which of the points (k, 3) each one is in the mirror; itself where there is none."""
    apart = np.linalg.norm(points[:, None] * _MIRROR - points[None], axis=-1)
    return [int(row.argmin()) if row.min() < 1e-6 else i for i, row in enumerate(apart)]
