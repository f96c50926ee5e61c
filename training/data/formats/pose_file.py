"""A set on its way into our form: what every converter makes, and how it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton

#: A frame with fewer valid points is left out: fewer do not determine a pose.
FEWEST_POINTS = 4


@dataclass(frozen=True)
class PoseFile:
    """Poses of one rig as a converter found them.

    Attributes:
        name: ``group/file`` without the suffix.
        xyz: (N, K, 3), right-handed, in ``unit``. What is not finite counts as missing.
        skeleton: Names and edges of the K keypoints.
        sequence: N labels of what a split must not cut: subject, recording or CAD model.
        unit: ``m``, or a sentence.
        up: ``+z``, ``-y (and why)``, or ``unknown``.
        valid: (N, K) bool; None where every finite point is valid.
    """

    name: str
    xyz: ArrayLike
    skeleton: Skeleton
    sequence: Sequence[str]
    unit: str
    up: str
    valid: ArrayLike | None = None

    def every(self, step: int) -> PoseFile:
        """Each ``step``-th frame of each sequence; sequences lie one after another in time."""
        labels = np.asarray(self.sequence)
        place = np.zeros(len(labels), int)
        for label in np.unique(labels):
            rows = labels == label
            place[rows] = np.arange(rows.sum())
        return self._only(place % step == 0)

    def scaled(self, factor: float, unit: str) -> PoseFile:
        """The same poses in another unit."""
        return replace(self, xyz=np.asarray(self.xyz, np.float64) * factor, unit=unit)

    def _only(self, rows: NDArray[np.bool_]) -> PoseFile:
        valid = None if self.valid is None else np.asarray(self.valid)[rows]
        sequence = np.asarray(self.sequence)[rows].tolist()
        return replace(self, xyz=np.asarray(self.xyz)[rows], sequence=sequence, valid=valid)

    def write(self, folder: Path, license: str, source: str) -> dict[str, Any]:
        """Write ``folder/NAME.npz`` and return what an index says of it.

        Args:
            folder: Of all sets; made if it is not there.
            license: As the source states it.
            source: Where the poses come from.

        Raises:
            InputError: The parts do not fit together, or no frame has enough valid points.
        """
        arrays = self._arrays() | {"license": license, "source": source}
        path = folder / f"{self.name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **{key: np.asarray(value) for key, value in arrays.items()})
        return {
            "file": f"{self.name}.npz",
            "group": self.name.split("/")[0],
            "frames": len(arrays["xyz"]),
            "keypoints": len(self.skeleton),
            "sequences": len(arrays["sequence_names"]),
            "unit": self.unit,
            "up": self.up,
            "license": license,
            "source": source,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }

    def _arrays(self) -> dict[str, Any]:
        xyz = np.asarray(self.xyz, np.float32)
        valid = np.ones(xyz.shape[:2], bool) if self.valid is None else np.asarray(self.valid, bool)
        self._check(xyz, valid)
        valid = valid & np.isfinite(xyz).all(-1)
        rows = valid.sum(-1) >= FEWEST_POINTS
        if not rows.any():
            raise InputError(
                f"{self.name}: none of {len(xyz)} frames has {FEWEST_POINTS} valid points; "
                "check that the files are those that the format names"
            )
        labels = np.asarray(self.sequence)[rows]
        kinds, first, number = np.unique(labels, return_index=True, return_inverse=True)
        # Numbered in the order of the files, which is easier to compare with the source.
        order = np.argsort(first)
        return {
            "xyz": np.where(valid[..., None], xyz, 0)[rows],
            "valid": valid[rows],
            "names": np.array(self.skeleton.names),
            "edges": np.array(self.skeleton.edges, np.int64).reshape(-1, 2),
            "sequence": np.argsort(order)[number].astype(np.int64),
            "sequence_names": kinds[order],
            "unit": self.unit,
            "up": self.up,
        }

    def _check(self, xyz: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        count, points = len(self.sequence), len(self.skeleton)
        if xyz.shape != (count, points, 3) or valid.shape != (count, points):
            raise InputError(
                f"{self.name}: poses {xyz.shape} and valid {valid.shape} for {count} frames of "
                f"{points} keypoints; the files are not of the layout that this format reads"
            )
