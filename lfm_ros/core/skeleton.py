"""A skeleton as data: names, edges, left/right pairs, and how large the object usually is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.pairs import guess_pairs

Edge = tuple[int, int]

#: Metres; objects larger than that are a mistake in the unit.
LARGEST_SIZE = 1e6

# What keypoints without a counterpart are told to be on.
_SIDES = {"": 0.0, "left": 1.0, "right": -1.0}


@dataclass(frozen=True)
class RootFrame:
    """How an instance's TF frame lies in its body.

    The origin is the mean of ``origin``. The z axis points from the mean of ``z_from`` to the mean
    of ``z_to``; y is the direction from ``y_from`` to ``y_to`` made orthogonal to z; x completes
    the right-handed frame (REP 103: x forward, y left, z up). What is longer than it is tall (an
    animal, a car) gives x in place of z. All are keypoint indices.
    """

    origin: tuple[int, ...]
    z_from: tuple[int, ...]
    z_to: tuple[int, ...]
    y_from: tuple[int, ...]
    y_to: tuple[int, ...]
    x_from: tuple[int, ...] = ()
    x_to: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, tuple(int(i) for i in getattr(self, item.name)))
        for axis in "zx":
            if len({bool(getattr(self, f"{axis}_{end}")) for end in ("from", "to")}) > 1:
                raise SkeletonError(f"root: {axis} needs keypoints at both of its ends")
        if bool(self.x_from) == bool(self.z_from) or not (
            self.origin and self.y_from and self.y_to
        ):
            raise SkeletonError("root: give an origin, y, and either z or x, each with keypoints")

    def indices(self) -> set[int]:
        """Every keypoint that the frame refers to."""
        return {i for item in fields(self) for i in getattr(self, item.name)}


@dataclass(frozen=True)
class Skeleton:
    """The rig of one kind of object.

    Args:
        names: One name a keypoint, all different. Their order is the order of the keypoints.
        edges: Pairs of keypoint indices. May be empty: lifting works without, less well.
        pairs: (left, right) keypoint indices; None: read from the names (``guess_pairs``).
        nominal_size: Usual size in metres, by the definition of ``lfm_ros.core.placement.size``:
            the summed length of ``edges``, or without edges twice the radius. None if unknown.
        root: Frame published as the instance's TF. None: the network's canonical frame when an
            instance was first seen, which turns with its points from there on.
        name: What the skeleton is registered as; empty for one made on the fly.
        rep155: Name of each keypoint's link in REP 155's model of a human, where that is not the
            keypoint's own name; empty strings for the others, or no strings at all.
        size_spread: How much sizes differ from ``nominal_size``, standard deviation as a share.
        contacts: Keypoints that the object can stand on, and their height in metres above the
            ground when it does: (index, height). None: not known, so the lowest point stands.
            Empty: the object is not known to stand.
        surface_depth: How far, on average, keypoints lie behind the surface that a depth camera
            sees, metres: a knee is inside the leg.
        side: ``left`` or ``right`` for what is itself one of a pair of mirror images, as a hand
            is; empty: neither, or not known. Of a hand whose side is known, depth is not guessed
            front to back.

    Raises:
        SkeletonError: An index is out of range, an edge joins a keypoint to itself, a name is
            there twice, or a size or a depth is not a number that it can be.
    """

    names: Sequence[str]
    edges: Sequence[Edge] = ()
    pairs: Sequence[Edge] | None = None
    nominal_size: float | None = None
    root: RootFrame | None = None
    name: str = ""
    rep155: Sequence[str] = ()
    size_spread: float = 0.1
    contacts: Sequence[tuple[int, float]] | None = None
    surface_depth: float = 0.0
    side: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(str(n) for n in self.names))
        object.__setattr__(self, "rep155", tuple(str(n) for n in self.rep155))
        try:
            object.__setattr__(self, "edges", tuple((int(a), int(b)) for a, b in self.edges))
            pairs = guess_pairs(self.names) if self.pairs is None else self.pairs
            object.__setattr__(self, "pairs", tuple((int(a), int(b)) for a, b in pairs))
            size = None if self.nominal_size is None else float(self.nominal_size)
            object.__setattr__(self, "nominal_size", size)
            object.__setattr__(self, "size_spread", float(self.size_spread))
            object.__setattr__(self, "surface_depth", float(self.surface_depth))
            if self.contacts is not None:
                contacts = tuple((int(k), float(height)) for k, height in self.contacts)
                object.__setattr__(self, "contacts", contacts)
        except (TypeError, ValueError) as error:
            raise SkeletonError(
                f"skeleton {self.name!r}: {error}; edges and pairs are pairs of keypoint indices, "
                "contacts pairs of an index and metres, sizes and depths numbers"
            ) from error
        self._check()

    def _check(self) -> None:
        label = f"skeleton {self.name!r}" if self.name else "skeleton"
        twice = sorted({n for n in self.names if self.names.count(n) > 1})
        if twice:
            raise SkeletonError(f"{label}: keypoint names {twice} appear twice; make each unique")
        links = self.rep155_names
        if len(self.rep155) not in (0, len(self.names)) or len(set(links)) < len(links):
            raise SkeletonError(
                f"{label}: rep155 has {len(self.rep155)} names for {len(self.names)} keypoints, or "
                "two keypoints end up with one name; give each keypoint its own, or ''"
            )
        used = [i for e in (*self.edges, *(self.pairs or ())) for i in e]
        used += sorted(self.root.indices()) if self.root else []
        used += [k for k, _ in self.contacts or ()]
        wrong = sorted({i for i in used if not 0 <= i < len(self.names)})
        if wrong:
            raise SkeletonError(
                f"{label}: indices {wrong} are used but there are {len(self.names)} keypoints "
                f"(0 to {len(self.names) - 1}); correct the edges, pairs, root or contacts"
            )
        loops = [e for e in self.edges if e[0] == e[1]]
        if loops:
            raise SkeletonError(f"{label}: edges {loops} join a keypoint to itself; remove them")
        if self.nominal_size is not None and not 0 < self.nominal_size < np.inf:
            raise SkeletonError(
                f"{label}: nominal_size is {self.nominal_size}; give metres above 0, or none"
            )
        if not (0 < self.size_spread < 1 and 0 <= self.surface_depth < np.inf):
            raise SkeletonError(
                f"{label}: size_spread is {self.size_spread} and surface_depth "
                f"{self.surface_depth}; give a share between 0 and 1, and metres, at least 0"
            )
        if self.side not in _SIDES:
            raise SkeletonError(
                f"{label}: side is {self.side!r}; give 'left' or 'right', or leave it out"
            )
        if not np.isfinite([height for _, height in self.contacts or ()]).all():
            raise SkeletonError(f"{label}: a contact's height is not finite; give metres")

    def __len__(self) -> int:
        return len(self.names)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Skeletons are keys of what is remembered of them, which is looked up with every frame.
        return hash((self.names, self.edges, self.pairs, self.nominal_size, self.name, self.side))

    @cached_property
    def rep155_names(self) -> tuple[str, ...]:
        """One name a keypoint for frames named as in REP 155: its own where the REP has none."""
        links = self.rep155 or ("",) * len(self.names)
        return tuple(link or own for link, own in zip(links, self.names, strict=False))

    @cached_property
    def adjacency(self) -> NDArray[np.float32]:
        """Symmetric 0/1 matrix of the edges, shape (K, K), zero diagonal."""
        matrix = np.zeros((len(self), len(self)), np.float32)
        for a, b in self.edges:
            matrix[a, b] = matrix[b, a] = 1.0
        return matrix

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """Keypoint indices of both ends of every edge, shape (2, E)."""
        return np.array(self.edges, np.intp).reshape(-1, 2).T

    @cached_property
    def sides(self) -> NDArray[np.float32]:
        """1 for keypoints on the left of the object, -1 on the right, 0 for all others; (K,).

        Keypoints without a counterpart are on the side of the whole, if it has one.
        """
        sides = np.full(len(self), _SIDES[self.side], np.float32)
        for left, right in self.pairs or ():
            sides[left], sides[right] = 1.0, -1.0
        return sides

    @cached_property
    def contact_heights(self) -> NDArray[np.float64]:
        """(K,) metres of each keypoint above the ground it stands on, NaN if it cannot stand."""
        if self.contacts is None:
            return np.zeros(len(self))
        heights = np.full(len(self), np.nan)
        for keypoint, height in self.contacts:
            heights[keypoint] = height
        return heights

    def as_dict(self) -> dict[str, Any]:
        """What the latched ``skeletons`` topic says of the rig, ready for JSON."""
        return {
            "name": self.name,
            "keypoints": list(self.names),
            "edges": [list(e) for e in self.edges],
            "pairs": [list(p) for p in self.pairs or ()],
            "nominal_size": self.nominal_size,
            "side": self.side,
        }
