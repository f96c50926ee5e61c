"""The ground on the command line: how high the camera is above it, or a plane."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from lfm_ros.core.errors import InputError

Plane = tuple[float, ...]


@dataclass(frozen=True)
class Ground:
    """What was said of the ground.

    Attributes:
        numbers: The camera's height in metres; or (nx, ny, nz, d) of n . x + d = 0 in its frame.
    """

    numbers: Plane

    @classmethod
    def parsed(cls, text: str) -> Ground:
        """From ``1.5`` or ``0,-1,0,1.5``.

        Raises:
            ArgumentTypeError: It is neither.
        """
        try:
            numbers = tuple(float(part) for part in text.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) not in (1, 4):
            raise argparse.ArgumentTypeError(
                f"{text!r} is neither a height in metres nor four numbers NX,NY,NZ,D"
            )
        return cls(numbers)

    @property
    def height(self) -> float:
        """The camera's height in metres.

        Raises:
            InputError: A plane is given, or the height is not above 0.
        """
        if len(self.numbers) == 4:
            raise InputError(
                "--ground NX,NY,NZ,D is for .npz files; of a recording give the camera's height, "
                "or --ground-frame"
            )
        (height,) = self.numbers
        if not 0 < height < float("inf"):
            raise InputError(f"--ground has the height {height:g}; give metres above 0")
        return height

    def plane(self, up: Plane | None) -> Plane:
        """The plane (nx, ny, nz, d) in the camera's frame.

        Args:
            up: Direction against gravity in that frame, or None.

        Raises:
            InputError: A height is given, but not what is up; or the height is not above 0.
        """
        if len(self.numbers) == 4:
            return self.numbers
        if up is None:
            raise InputError(
                "--ground HEIGHT needs gravity; leave --gravity as it is, or give the plane as "
                "NX,NY,NZ,D"
            )
        return (*up, self.height)
