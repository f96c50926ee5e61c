"""How two coordinate frames lie to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rigid:
    """``target = rotation @ source + shift``.

    Attributes:
        rotation: (3, 3), det = +1.
        shift: (3,), metres.
    """

    rotation: Array
    shift: Array

    def __matmul__(self, first: Rigid) -> Rigid:
        """Both, one after the other: ``first`` and then this one."""
        return Rigid(self.rotation @ first.rotation, self.apply(first.shift))

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Points (..., 3) of the source, in the target."""
        return points @ self.rotation.T + self.shift

    def inverse(self) -> Rigid:
        """From the target to the source."""
        return Rigid(self.rotation.T, -self.shift @ self.rotation)

    def floor(self) -> Array:
        """The plane z = 0 of the source as n . x + d = 0 in the target, (4,), n of length 1."""
        normal = self.rotation[:, 2]
        return np.append(normal, -normal @ self.shift)
