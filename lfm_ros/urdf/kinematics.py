"""Forward kinematics of a URDF, for many configurations at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.core.rotations import matrix_from_rotvec
from lfm_ros.urdf.tree import Joint, Urdf, suggestion

Array = NDArray[np.float64]

# The values of a joint, by their suffix. What has one value is called as the joint is.
_VALUES = {
    "fixed": (),
    "planar": (".x", ".y", ".angle"),
    "floating": (".x", ".y", ".z", ".rx", ".ry", ".rz"),
}


@dataclass(frozen=True)
class _Motion:
    """Where a joint finds its values: columns of q, times ``multiplier``, plus ``offset``."""

    joint: Joint
    parent: int
    columns: slice
    multiplier: float = 1.0
    offset: float = 0.0


class Kinematics:
    """The moving tree.

    Attributes:
        links: Names, the root first.
        parents: Index of each link's parent, -1 for the root.
        variables: Names of the D values of a configuration, in their order: a joint's name for one
            that turns or slides (radians, metres), ``joint.x`` and so on for the three of a planar
            (metres in the plane, radians about its normal) and the six of a floating one (metres,
            then a rotation vector). Joints that mimic others have none.
        limits: (D, 2) lowest and highest value. Continuous joints have +-pi. Planar and floating
            joints have 0 to 0: a URDF bounds them nowhere, and they carry the robot as a whole,
            which is for a view to do.
        notes: Sentences on what the file leaves open and how that was settled.
    """

    def __init__(self, urdf: Urdf) -> None:
        self.links = urdf.links
        self.notes: list[str] = []
        index = {link: i for i, link in enumerate(urdf.links)}
        self.parents = (-1, *(index[joint.parent] for joint in urdf.joints))
        self._columns = _columns(urdf.joints)
        free = [joint for joint in urdf.joints if joint.mimic is None]
        self.variables = tuple(name for joint in free for name in _names(joint))
        bounds = [pair for joint in free for pair in self._limits(joint)]
        self.limits = np.array(bounds, np.float64).reshape(-1, 2)
        self._motions = [self._motion(joint, urdf, index[joint.parent]) for joint in urdf.joints]

    def forward(self, q: Array) -> Array:
        """Origins of all links (N, L, 3) in metres in the root's frame.

        Args:
            q: (N, D) configurations in the order of ``variables``. Limits are not enforced.

        Raises:
            InputError: ``q`` has another shape, or a value that is not finite.
        """
        q = self._checked(q)
        turned = np.zeros((len(self.links), len(q), 3, 3))
        placed = np.zeros((len(self.links), len(q), 3))
        turned[0] = np.eye(3)
        for child, motion in enumerate(self._motions, start=1):
            rotation, offset = _moved(motion, q)
            placed[child] = (
                placed[motion.parent] + (turned[motion.parent] @ offset[..., None])[..., 0]
            )
            turned[child] = turned[motion.parent] @ rotation
        return placed.swapaxes(0, 1)

    def _checked(self, q: Array) -> Array:
        q = np.asarray(q, np.float64)
        if q.ndim != 2 or q.shape[1] != len(self.variables):
            raise InputError(
                f"q has shape {q.shape}; expected (N, {len(self.variables)}), one column for each "
                f"of {', '.join(self.variables) or 'no joint at all'}"
            )
        if not np.isfinite(q).all():
            raise InputError("q has values that are not finite; leave such configurations out")
        return q

    def _motion(self, joint: Joint, urdf: Urdf, parent: int) -> _Motion:
        by_name = {other.name: other for other in urdf.joints}
        multiplier, offset, followed = 1.0, 0.0, [joint]
        while (mimic := followed[-1].mimic) is not None:
            offset += multiplier * mimic.offset
            multiplier *= mimic.multiplier
            if mimic.joint not in by_name:
                hint = suggestion(mimic.joint, by_name)
                raise SkeletonError(
                    f"{urdf.name!r}: joint {followed[-1].name!r} mimics {mimic.joint!r}, "
                    f"which there is not{hint}; correct the name"
                )
            followed.append(by_name[mimic.joint])
            _refuse_mimic(followed, urdf.name)
        return _Motion(joint, parent, self._columns[followed[-1].name], multiplier, offset)

    def _limits(self, joint: Joint) -> Iterator[tuple[float, float]]:
        if joint.kind in ("planar", "floating"):
            self.notes.append(f"joint {joint.name!r} is {joint.kind}: kept at its origin")
            yield from [(0.0, 0.0)] * len(_names(joint))
        elif joint.limits is not None:
            if joint.limits[0] == joint.limits[1]:
                self.notes.append(f"joint {joint.name!r} may not move: its limits are equal")
            yield joint.limits
        elif joint.kind == "prismatic":
            self.notes.append(f"joint {joint.name!r} slides without limits: kept at its origin")
            yield (0.0, 0.0)
        elif joint.kind != "fixed":
            if joint.kind == "revolute":
                self.notes.append(f"joint {joint.name!r} has no limits: taken as -pi to pi")
            yield (-np.pi, np.pi)


def _columns(joints: tuple[Joint, ...]) -> dict[str, slice]:
    columns, first = {}, 0
    for joint in joints:
        count = 0 if joint.mimic else len(_names(joint))
        columns[joint.name] = slice(first, first + count)
        first += count
    return columns


def _names(joint: Joint) -> tuple[str, ...]:
    return tuple(joint.name + suffix for suffix in _VALUES.get(joint.kind, ("",)))


def _refuse_mimic(followed: list[Joint], robot: str) -> None:
    names = [joint.name for joint in followed]
    if names[-1] in names[:-1]:
        raise SkeletonError(
            f"{robot!r}: joints {' -> '.join(names)} mimic each other; one of them must lead"
        )
    for joint in (followed[0], followed[-1]):
        if joint.kind in _VALUES:
            raise SkeletonError(
                f"{robot!r}: joint {names[0]!r} mimics {names[-1]!r}, and {joint.name!r} is "
                f"{joint.kind}; only joints that turn or slide can follow and lead"
            )


def _moved(motion: _Motion, q: Array) -> tuple[Array, Array]:
    """Rotation (N, 3, 3) and origin (N, 3) of the child's frame in its parent's."""
    joint = motion.joint
    values = motion.multiplier * q[:, motion.columns] + motion.offset
    axis = np.array(joint.axis)
    slide, turn = np.zeros((len(q), 3)), np.zeros((len(q), 3))
    if joint.kind in ("revolute", "continuous"):
        turn = values * axis
    elif joint.kind == "prismatic":
        slide = values * axis
    elif joint.kind == "planar":
        slide, turn = values[:, :2] @ _plane(axis), values[:, 2:] * axis
    elif joint.kind == "floating":
        slide, turn = values[:, :3], values[:, 3:]
    fixed = _matrix_from_rpy(joint.rpy)
    return fixed @ matrix_from_rotvec(turn), np.array(joint.xyz) + slide @ fixed.T


def _plane(normal: Array) -> Array:
    """Two unit vectors (2, 3) across ``normal`` (3,); x and y of the frame for a normal along z."""
    toward = np.eye(3)[1 if abs(normal[0]) > 0.9 else 0]
    first = toward - (toward @ normal) * normal
    first = first / np.linalg.norm(first)
    return np.stack([first, np.cross(normal, first)]).astype(np.float64)


def _matrix_from_rpy(rpy: tuple[float, float, float]) -> Array:
    """Rz(yaw) Ry(pitch) Rx(roll)."""
    x, y, z = matrix_from_rotvec(np.diag(rpy))
    return z @ y @ x
