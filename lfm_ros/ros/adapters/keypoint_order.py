"""Where a detector's keypoints belong in a rig: by name, by number, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.entries import read_entries

_EXAMPLE = "left_hand: left_wrist"
_FEWEST = 4
_NOWHERE = -1


class KeypointOrder:
    """Puts keypoints into the columns of a rig.

    Without an entry for it, a keypoint whose name the message type fixes goes to the keypoint of
    the rig with that name, however it is written (``LEFT_EYE``, ``left_eye``). A detector that
    does not name its keypoints is taken to have the rig's order; as soon as there is an entry for
    the rig, only the keypoints that have one are used.

    Args:
        entries: The parameter ``keypoint_map``: ``FROM: TO`` or ``RIG/FROM: TO``, where FROM is a
            name or a number in the detector's order and TO a keypoint of the rig.
        first_id: The parameter ``keypoint_id_base``.

    Raises:
        MessageError: An entry cannot be read.
    """

    def __init__(self, entries: Sequence[str] = (), first_id: int = 1) -> None:
        self._first_id = first_id
        self._map = read_entries("keypoint_map", entries, _EXAMPLE)
        self._known: dict[object, NDArray[np.int64] | None] = {}

    def check(self, rigs: Sequence[Skeleton]) -> None:
        """Refuse entries that can never have an effect.

        Raises:
            MessageError: An entry leads to a keypoint that no rig has, or names another rig.
        """
        for source, target in self._map.items():
            rig_name, slash, _ = source.partition("/")
            meant = [rig for rig in rigs if not slash or rig.name == rig_name]
            if not any(target in rig.names for rig in meant):
                among = ", ".join(rig.name for rig in meant or rigs)
                raise MessageError(
                    f"keypoint_map has '{source}: {target}', but no rig in use is called "
                    f"{rig_name} ({among})"
                    if not meant
                    else f"keypoint_map sends {source} to {target}, which is no keypoint of {among}"
                )

    def columns(
        self, places: NDArray[np.int64], names: tuple[str, ...] | None, rig: Skeleton
    ) -> NDArray[np.int64]:
        """The rig's column of each keypoint, -1 for those it has no use for.

        Args:
            places: Index of each keypoint in the detector's order, shape (N,).
            names: The detector's names, or None.
            rig: Where they go.

        Raises:
            MessageError: A place is out of range, or hardly any name is one of the rig's.
        """
        key = (names, rig.name, rig.names)
        if key not in self._known:
            self._known[key] = self._by_name(names, rig) if names else self._by_number(rig)
        table = self._known[key]
        if table is None or names:
            _check_range(places, len(names or rig.names), rig, self._first_id)
        if table is None:
            return places
        known = (places >= 0) & (places < len(table))
        return np.where(known, table[np.where(known, places, 0)], _NOWHERE)

    def assumed(self, names: tuple[str, ...] | None, rig: Skeleton) -> bool:
        """Whether the detector is only taken to have the rig's order: no name and no entry says so.

        Args:
            names: The detector's names, or None.
            rig: Where its keypoints go.
        """
        return names is None and not (self._map and self._entries_of(rig))

    def _by_number(self, rig: Skeleton) -> NDArray[np.int64] | None:
        """Column by place; None if the detector's order is the rig's."""
        mine = self._entries_of(rig)
        numbered = {int(source): to for source, to in mine.items() if _whole(source)}
        if len(numbered) < len(mine):
            raise MessageError(
                f"keypoint_map has {', '.join(sorted(set(mine) - set(map(str, numbered))))}, but "
                "this detector does not name its keypoints; write their numbers, from 0"
            )
        if not numbered:
            return None
        table = np.full(max(numbered) + 1, _NOWHERE, np.int64)
        for place, to in numbered.items():
            table[place] = rig.names.index(to)
        return table

    def _by_name(self, names: tuple[str, ...], rig: Skeleton) -> NDArray[np.int64]:
        mine = {_plain(source): to for source, to in self._entries_of(rig).items()}
        # What an entry leads to is no longer there for the keypoint of the same name.
        own = {_plain(name): name for name in rig.names if name not in mine.values()}
        targets = [mine.get(_plain(name), own.get(_plain(name))) for name in names]
        targets = [mine.get(str(place), to) for place, to in enumerate(targets)]
        agree = sum(to is not None for to in targets)
        if agree < _FEWEST:
            raise MessageError(
                f"the detector's keypoints ({', '.join(names[:6])}, ...) hardly are those of rig "
                f"{rig.name!r} ({', '.join(rig.names[:6])}, ...): {agree} names agree; choose "
                "another rig, or say in keypoint_map which is which"
            )
        return np.array([_NOWHERE if to is None else rig.names.index(to) for to in targets])

    def _entries_of(self, rig: Skeleton) -> dict[str, str]:
        """The entries that hold for a rig, without its name."""
        prefix = f"{rig.name}/"
        general = {source: to for source, to in self._map.items() if "/" not in source}
        special = {s[len(prefix) :]: to for s, to in self._map.items() if s.startswith(prefix)}
        return {s: to for s, to in {**general, **special}.items() if to in rig.names}


def _check_range(places: NDArray[np.int64], count: int, rig: Skeleton, first_id: int) -> None:
    wrong = places[(places < 0) | (places >= count)]
    if not len(wrong):
        return
    found = (
        f"keypoint {int(wrong[0])} is not one of the {count} that were expected for rig "
        f"{rig.name!r} (counted from 0)"
    )
    if first_id == 0 and int(places.max()) == count and int(places.min()) > 0:
        raise MessageError(f"{found}; the detector seems to count from 1: set keypoint_id_base: 1")
    raise MessageError(
        f"{found}; choose the rig that the detector uses (skeletons, class_skeletons), or say in "
        "keypoint_map which of its keypoints are which"
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _whole(text: str) -> bool:
    """Whether it is a number that a keypoint can have; no array is made for a larger one."""
    return text.isascii() and text.isdigit() and len(text) <= 4
