"""Recordings of motion files, put together into one set for each rig."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pose_file import PoseFile


@dataclass(frozen=True)
class Recording:
    """One file: the rig, and its joints (T, K, 3) in the unit of the file."""

    skeleton: Skeleton
    xyz: NDArray[np.float64]


def by_rig(
    folder: Path, recordings: Iterable[Recording], paths: Sequence[Path], unit: str, up: str
) -> Iterator[PoseFile]:
    """One set for each rig (names and edges), named after the folder; a sequence is a file.

    Args:
        folder: The source, which the labels of the sequences are relative to.
        recordings: One for each path.
        paths: Of the files.
        unit: Of the positions.
        up: Of all files.
    """
    rigs: dict[Skeleton, list[tuple[str, Recording]]] = {}
    for path, recording in zip(paths, recordings, strict=True):
        label = path.relative_to(folder).with_suffix("").as_posix()
        rigs.setdefault(recording.skeleton, []).append((label, recording))
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "motion"
    for number, (skeleton, parts) in enumerate(rigs.items(), start=1):
        yield PoseFile(
            f"human/{name}" + (f"_{number}" if number > 1 else ""),
            np.concatenate([part.xyz for _, part in parts]).astype(np.float32),
            skeleton,
            [label for label, part in parts for _ in range(len(part.xyz))],
            unit,
            up,
        )
