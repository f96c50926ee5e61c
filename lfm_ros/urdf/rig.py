"""Which links of a robot are keypoints, and what joins them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import Edge
from lfm_ros.urdf.tree import Urdf, suggestion

Array = NDArray[np.float64]

# Shares of the robot's extent. Links nearer than the first, in every pose, are one keypoint to any
# detector; below the second they are at the same place.
_NEAR, _SAME = 0.01, 1e-6


def named_links(urdf: Urdf, names: Sequence[str], places: Array) -> list[int]:
    """Indices of the links that a user names.

    Args:
        urdf: The robot.
        names: Links, in the order of the keypoints.
        places: (N, L, 3) all links in some configurations.

    Raises:
        SkeletonError: A name is unknown or there twice, or two links are always at one place.
    """
    for name in names:
        if name not in urdf.links:
            hint = suggestion(name, urdf.links) or f"; it has {', '.join(urdf.links)}"
            raise SkeletonError(f"{urdf.name!r} has no link {name!r}{hint}")
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise SkeletonError(f"links {', '.join(twice)} are named twice; name each once")
    chosen = [urdf.links.index(name) for name in names]
    for i, link in enumerate(chosen):
        same = _coincident(link, chosen[:i], places, _SAME)
        if same is not None:
            raise SkeletonError(
                f"links {urdf.links[same]!r} and {urdf.links[link]!r} are at the same place in "
                "every pose, so no camera can tell them apart; name one of them"
            )
    return chosen


def telling_links(urdf: Urdf, places: Array) -> tuple[list[int], list[str]]:
    """The links that tell the pose: the base, all that joints move, and the ends of fixed joints.

    Of links that are nearer to each other than 1 % of the robot in every pose the first is taken.

    Returns:
        Their indices, and a sentence on each that was left out.
    """
    parents = {joint.parent for joint in urdf.joints}
    candidates = [_base(urdf)] + [
        i
        for i, joint in enumerate(urdf.joints, start=1)
        if joint.kind in ("revolute", "continuous", "prismatic") or joint.child not in parents
    ]
    chosen: list[int] = []
    notes: list[str] = []
    for link in dict.fromkeys(candidates):
        near = _coincident(link, chosen, places, _NEAR)
        if near is None:
            chosen.append(link)
        else:
            notes.append(f"link {urdf.links[link]!r} left out: at {urdf.links[near]!r}")
    return chosen, notes


def contracted_edges(parents: Sequence[int], chosen: Sequence[int]) -> list[Edge]:
    """The kinematic tree among the chosen links, as pairs of keypoint indices.

    Each link is joined to the nearest chosen one above it; those that have none above them are
    joined to the first of these, as they are through the links that were not chosen.
    """
    keypoint = {link: i for i, link in enumerate(chosen)}
    edges: list[Edge] = []
    tops: list[int] = []
    for link in sorted(chosen):  # parents come first
        above = parents[link]
        while above >= 0 and above not in keypoint:
            above = parents[above]
        if above >= 0:
            edges.append((keypoint[above], keypoint[link]))
        else:
            tops.append(keypoint[link])
    return edges + [(tops[0], top) for top in tops[1:]]


def _base(urdf: Urdf) -> int:
    """The first link that is the robot's.

    A world that it moves freely in is not, nor is one that carries nothing but a fixed joint, as
    `world` and `base_footprint` do.
    """
    children = Counter(joint.parent for joint in urdf.joints)
    base = 0
    for joint in urdf.joints:  # of one child each, so far: the next joint is the next link's
        alone = joint.kind == "fixed" and children[joint.parent] == 1 and children[joint.child]
        if not alone and joint.kind not in ("floating", "planar"):
            break
        base += 1
    return base


def _coincident(link: int, others: Sequence[int], places: Array, share: float) -> int | None:
    """The link of ``others`` that is as good as at ``link`` in all configurations, if any."""
    extent = np.ptp(places, axis=1).max(initial=0.0)
    for other in others:
        if np.linalg.norm(places[:, link] - places[:, other], axis=-1).max() <= share * extent:
            return other
    return None
