"""A lifted recording as the arrays of an ``.npz`` file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bags.lifting import LiftedMoment
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifted import nothing
from lfm_ros.tracked import Tracked, untracked

Arrays = dict[str, NDArray[Any]]


class RowTable:
    """Collects one row an instance and frame; R rows of at most K keypoints in the end.

    ``frame`` (R,) is the place of a row in ``frame_stamp_ns`` and ``frame_id`` (T,), which have the
    frames without instances too. ``points`` (R, K, 3) are metres, NaN where nothing is known. Then
    ``sigma``, ``confidence``, ``observed`` (R, K), ``keypoints`` (R, K, 2) pixels, ``valid``,
    ``instance_id``, ``skeleton``, ``scale_source`` and ``place_sigma`` (R,). ``skeletons`` is
    JSON: the rigs.
    """

    def __init__(self, rigs: Sequence[Skeleton]) -> None:
        self._rigs = rigs
        self._width = max(len(rig) for rig in rigs)
        self._stamps: list[int] = []
        self._frame_ids: list[str] = []
        self._parts: list[Arrays] = []

    def add(self, moment: LiftedMoment) -> None:
        """Take a frame."""
        part = self._part(moment.tracked, moment.keypoints, moment.confidence)
        part["stamp_ns"][:] = moment.frame.stamp_ns
        part["frame"][:] = len(self._stamps)
        self._parts.append(part)
        self._stamps.append(moment.frame.stamp_ns)
        self._frame_ids.append(moment.frame_id)

    def arrays(self) -> Arrays:
        """Everything that was taken; the same arrays, empty, where that is nothing."""
        none = nothing(0, self._width, {})
        ids, pixels = np.zeros(0, np.int32), np.zeros((0, self._width, 2), np.float32)
        parts = self._parts or [self._part(untracked(none, ids, ids), pixels, none.sigma)]
        made = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        made["frame_stamp_ns"] = np.array(self._stamps, np.int64)
        made["frame_id"] = np.array(self._frame_ids, dtype=str)
        made["skeletons"] = np.array(json.dumps([rig.as_dict() for rig in self._rigs]))
        return made

    def _part(
        self, tracked: Tracked, keypoints: NDArray[np.float32], confidence: NDArray[np.float32]
    ) -> Arrays:
        count = len(tracked)
        unknown = ~(tracked.known & tracked.valid[:, None])
        points = np.where(unknown[..., None], np.nan, tracked.points)
        part = {
            "points": points.astype(np.float32),
            "sigma": np.where(unknown, np.nan, tracked.sigma).astype(np.float32),
            "observed": tracked.observed,
            "keypoints": keypoints,
            "confidence": confidence,
        }
        part = {name: self._wide(name, values) for name, values in part.items()}
        part["valid"], part["instance_id"] = tracked.valid, tracked.instance_id
        part["skeleton"], part["place_sigma"] = tracked.skeleton, tracked.place_sigma
        part["scale_source"] = np.array(tracked.scale_source, dtype=str)
        part["frame"], part["stamp_ns"] = np.zeros(count, np.int32), np.zeros(count, np.int64)
        return part

    def _wide(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        missing = np.nan if name in ("points", "sigma") else 0
        shape = (len(values), self._width, *values.shape[2:])
        wide = np.full(shape, missing, values.dtype)
        wide[:, : values.shape[1]] = values
        return wide
