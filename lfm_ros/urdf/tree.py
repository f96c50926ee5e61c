"""The links and joints of a robot as one tree, parents first; all else is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from lfm_ros.core.errors import SkeletonError

Triple = tuple[float, float, float]

KINDS = ("revolute", "continuous", "prismatic", "fixed", "floating", "planar")


@dataclass(frozen=True)
class Mimic:
    """A joint that follows another: ``multiplier * value of joint + offset``."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """How a link hangs on its parent.

    Attributes:
        name: Unique in the file.
        kind: One of ``KINDS``.
        parent: Link that it hangs on.
        child: Link that it moves; the joint's frame is the child's.
        xyz: Metres, the joint's origin in the parent's frame.
        rpy: Radians about the parent's fixed x, y, z, in that order.
        axis: Unit vector in the joint's frame.
        limits: Lower and upper value in radians or metres; None where the file has none.
        mimic: The joint that it follows, if any.
    """

    name: str
    kind: str
    parent: str
    child: str
    xyz: Triple
    rpy: Triple
    axis: Triple
    limits: tuple[float, float] | None
    mimic: Mimic | None


@dataclass(frozen=True)
class Urdf:
    """A robot's tree.

    Attributes:
        name: What the file calls the robot.
        links: Names; the root is first and every parent comes before its children.
        joints: The joint that moves ``links[i + 1]`` is ``joints[i]``.
    """

    name: str
    links: tuple[str, ...]
    joints: tuple[Joint, ...]


def tree(name: str, links: list[str], joints: list[Joint]) -> Urdf:
    """Links and joints, parents first."""
    moved_by: dict[str, Joint] = {}
    for joint in joints:
        for link in (joint.parent, joint.child):
            if link not in links:
                hint = suggestion(link, links)
                raise SkeletonError(
                    f"joint {joint.name!r} joins link {link!r}, which there is not{hint}; "
                    "declare it with <link>, or correct the name"
                )
        other = moved_by.setdefault(joint.child, joint)
        if other is not joint:
            raise SkeletonError(
                f"link {joint.child!r} is the child of the joints {other.name!r} and "
                f"{joint.name!r}: a closed loop, which URDF cannot say; keep one of them"
            )
    return Urdf(name, *_walk(links, moved_by))


def _walk(
    links: list[str], moved_by: dict[str, Joint]
) -> tuple[tuple[str, ...], tuple[Joint, ...]]:
    roots = [link for link in links if link not in moved_by]
    if len(roots) > 1:
        raise SkeletonError(
            f"has {len(roots)} roots ({', '.join(roots)}), expected one; join them with fixed "
            "joints, or remove what is not part of the robot"
        )
    children: dict[str, list[str]] = {}
    for child, joint in moved_by.items():
        children.setdefault(joint.parent, []).append(child)
    order = list(roots)
    for link in order:
        order.extend(children.get(link, ()))
    if len(order) < len(links):
        rest = ", ".join(sorted(set(links) - set(order)))
        raise SkeletonError(f"has a loop of joints through {rest}; a URDF is a tree, cut the loop")
    return tuple(order), tuple(moved_by[link] for link in order[1:])


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` if a known name is close, else nothing."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
