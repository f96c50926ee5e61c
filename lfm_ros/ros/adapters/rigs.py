"""The rigs in use, and which of them a detected class has."""

from __future__ import annotations

from collections.abc import Sequence

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.entries import read_entries
from lfm_ros.skeletons import load_skeleton


def rigs_in_use(
    skeletons: Sequence[str], class_skeletons: Sequence[str], own: Skeleton | None = None
) -> tuple[tuple[Skeleton, ...], dict[str, int]]:
    """The rigs, those of classes behind the others, and the index of a rig by class.

    Args:
        skeletons: The parameter of that name: names or files.
        class_skeletons: The parameter of that name: entries such as ``dog: ap10k17``.
        own: The rig that the message type itself has, in place of ``skeletons``.

    Raises:
        MessageError: An entry cannot be read.
        SkeletonError: A rig is unknown, or cannot be placed in metres.
    """
    wanted = read_entries("class_skeletons", class_skeletons, "person: coco17")
    rigs = [own] if own else [_metric(name) for name in skeletons]
    places = {own.name: 0} if own else {name: place for place, name in enumerate(skeletons)}
    for name in wanted.values():
        if name not in places:
            places[name] = len(rigs)
            rigs.append(_metric(name))
    return tuple(rigs), {label: places[name] for label, name in wanted.items()}


def _metric(name: str) -> Skeleton:
    """A rig that can be placed in metres, which is all that the node publishes."""
    skeleton = load_skeleton(name)
    if skeleton.nominal_size is None:
        raise SkeletonError(
            f"skeleton {name!r} has no nominal_size, so it cannot be placed in metres; add "
            "nominal_size (the usual summed length of its edges, in metres) to its YAML file"
        )
    return skeleton
