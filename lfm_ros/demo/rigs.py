"""The rigs of a recording, in a form that the node can load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.placement import size
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import as_yaml, load_skeleton, registered

if TYPE_CHECKING:
    from lfm_ros.scene.recording import Recording

_ROWS_THAT_TELL_THE_SIZE = 200


def rig_names(rigs: Sequence[Skeleton], folder: Path) -> list[str]:
    """Names under which the node can load the rigs; those that nobody knows are written down.

    Args:
        rigs: Each with a nominal size.
        folder: For their files.
    """
    known = set(registered())
    return [
        rig.name if rig.name in known and load_skeleton(rig.name) == rig else _written(rig, folder)
        for rig in rigs
    ]


def with_size(recording: Recording, rig: Skeleton) -> Skeleton:
    """A rig without nominal size, given the median size that it has in the recording's truth.

    Raises:
        SkeletonError: There is no row in which all of the rig is known.
    """
    count = len(recording)
    rows = np.linspace(0, count - 1, min(count, _ROWS_THAT_TELL_THE_SIZE)).astype(int)
    frames = [recording[int(row)][0] for row in rows]
    whole = [
        frame.truth[b] for frame in frames for b in range(len(frame)) if frame.truth_valid[b].all()
    ]
    if not whole:
        raise SkeletonError(
            f"the rig {rig.name!r} has no nominal size, and no row of the recording has all of its "
            f"points to tell it; register the rig as config/skeletons/{rig.name}.yaml"
        )
    usual = np.median(size(np.stack(whole)[:, : len(rig)].astype(np.float64), rig))
    return replace(rig, nominal_size=float(f"{usual:.3g}"))


def _written(rig: Skeleton, folder: Path) -> str:
    """The path of a new skeleton file."""
    path = folder / f"{rig.name or 'rig'}.yaml"
    path.write_text(as_yaml(rig))
    return str(path)
