"""Robots of our own as URDF text, for the tests that read URDF."""

from __future__ import annotations


def joint(
    name: str,
    kind: str,
    parent: str,
    child: str,
    xyz: str = "0 0 0",
    axis: str = "0 0 1",
    *,
    rpy: str = "0 0 0",
    limit: str = "-1 1",
    mimic: str = "",
) -> str:
    """One ``<joint>``; ``limit`` is ``lower upper``, ``mimic`` is ``joint multiplier offset``."""
    parts = [
        f'<parent link="{parent}"/><child link="{child}"/>',
        f'<origin xyz="{xyz}" rpy="{rpy}"/>',
        f'<axis xyz="{axis}"/>',
    ]
    if limit:
        lower, upper = limit.split()
        parts.append(f'<limit lower="{lower}" upper="{upper}" effort="1" velocity="1"/>')
    if mimic:
        leader, multiplier, offset = mimic.split()
        parts.append(f'<mimic joint="{leader}" multiplier="{multiplier}" offset="{offset}"/>')
    return f'<joint name="{name}" type="{kind}">{"".join(parts)}</joint>'


def robot(*joints: str, links: str = "", name: str = "tested") -> str:
    """A ``<robot>`` of these joints; ``links`` are separated by blanks."""
    declared = "".join(f'<link name="{link}"/>' for link in links.split())
    return f'<?xml version="1.0"?>\n<robot name="{name}">{declared}{"".join(joints)}</robot>'


#: A turning base, an upper arm of 0.4 m and a forearm of 0.3 m that bend about y, a tool of 0.1 m.
ARM = robot(
    joint("turn", "continuous", "base", "turret", "0 0 0.2", limit=""),
    joint("lift", "revolute", "turret", "upper", "0 0 0.1", "0 1 0", limit="-1.5 1.5"),
    joint("bend", "revolute", "upper", "fore", "0.4 0 0", "0 1 0", limit="-2 0.5"),
    joint("grip", "fixed", "fore", "hand", "0.3 0 0"),
    joint("point", "fixed", "hand", "tip", "0.1 0 0"),
    links="base turret upper fore hand tip",
    name="arm",
)

#: A carriage on a rail whose two fingers follow one motor, one of them by way of the other.
GRIPPER = robot(
    joint("slide", "prismatic", "rail", "carriage", "0 0 1", "0 0 -2", limit="0 0.5"),
    joint("left", "prismatic", "carriage", "left_finger", "0 0.1 0", "0 1 0", limit="0 0.04"),
    joint("right", "prismatic", "carriage", "right_finger", "0 -0.1 0", "0 1 0", mimic="left -1 0"),
    joint("tilt", "revolute", "carriage", "flap", "0.2 0 0", "1 0 0", mimic="right 10 0.25"),
    joint("edge", "fixed", "flap", "flap_edge", "0 0.5 0"),
    links="rail carriage left_finger right_finger flap flap_edge",
    name="gripper",
)
