"""``lfm lift`` on keypoints in an ``.npz`` file."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.cli import bag_options, lift_output
from lfm_ros.cli.lift_ground import Ground
from lfm_ros.core.camera import Intrinsics, pitched_up
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifted import Lifted
from lfm_ros.lifter import Lifter
from lfm_ros.ros.known_sizes import known_sizes
from lfm_ros.scene.keypoint_file import KeypointFile, read_keypoints
from lfm_ros.skeletons import load_skeleton, registered

# Large enough to keep the network busy, small enough for any machine's memory.
_ROWS_AT_ONCE = 256
#: Attributes of ``Lifted`` that are written, by the names that lifted recordings have them under.
WRITTEN = ("points", "sigma", "observed", "valid", "unit", "scale_source", "place_sigma")


@dataclass(frozen=True)
class _Task:
    """What is known of every row of a file."""

    file: KeypointFile
    camera: Intrinsics | None
    skeleton: Skeleton | None
    up: tuple[float, float, float] | None
    known_size: float | None
    ground: tuple[float, ...] | None

    def lifted(self, lifter: Lifter) -> Iterator[Lifted]:
        """Everything, part by part; at least one, so that an empty file gives empty arrays."""
        file = self.file
        for first in range(0, max(len(file.keypoints), 1), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            yield lifter.lift(
                file.keypoints[rows],
                None if file.confidence is None else file.confidence[rows],
                self.camera or (file.cameras[rows] if file.cameras else None),
                self.skeleton,
                up=self.up,
                known_size=self.known_size,
                ground=self.ground,
            )


def run(options: argparse.Namespace) -> int:
    """Lift a file."""
    bag_options.refuse_options(options)
    lift_output.refuse_to_replace(options.input, "--output", options.output)
    task = _task(options)
    with (
        warnings.catch_warnings(record=True) as doubts,
        Lifter.from_pretrained(options.model, options.backend) as lifter,
    ):
        arrays = _arrays(list(task.lifted(lifter)), task)
    for doubt in doubts:
        print(f"note: {doubt.message}", file=sys.stderr)
    _note_zeros(arrays)
    if arrays["valid"].size and not arrays["valid"].any():
        raise InputError(
            f"nothing was lifted of {arrays['valid'].size} instances, so nothing is written: each "
            f"needs {lifter.min_keypoints} different keypoints with a confidence above 0"
        )
    lift_output.write(options.output, arrays)
    _note_unknown(task)
    print(_summary(arrays, task.skeleton), "to", options.output)
    return 0


def _note_unknown(task: _Task) -> None:
    """Say what would make the result better, and is nowhere given."""
    if task.skeleton is None:
        width = task.file.keypoints.shape[1]
        fitting = [name for name in registered() if len(load_skeleton(name)) == width]
        known = f" (with {width} keypoints: {', '.join(fitting)})" if fitting else ""
        print(
            "note: nothing says of which rig the keypoints are, and without edges and sides they "
            f"are lifted much worse; give --skeleton{known}",
            file=sys.stderr,
        )
    if task.camera is None and task.file.cameras is None:
        print(
            "note: no camera, so there is no perspective, and points lie around their middle; give "
            "--camera, or K in the file",
            file=sys.stderr,
        )


def _note_zeros(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Say where a detector may have written (0, 0) for what it does not see, as many do."""
    count = int((~arrays["keypoints"].any(-1) & (arrays["confidence"] > 0)).sum())
    if count:
        print(
            f"note: {count} keypoints are seen at exactly (0, 0); if that means missing, give them "
            "confidence 0, or NaN",
            file=sys.stderr,
        )


def _task(options: argparse.Namespace) -> _Task:
    file = read_keypoints(options.input, options.array)
    skeleton = load_skeleton(options.skeleton) if options.skeleton else file.skeleton
    up = pitched_up(options.camera_pitch_deg) if options.gravity == "camera_upright" else None
    ground: Ground | None = options.ground
    if ground is not None and options.camera is None and file.cameras is None:
        raise InputError("--ground tells nothing without a camera; give --camera, or K in the file")
    return _Task(
        file,
        options.camera,
        skeleton,
        up,
        _known_size(options.known_size, skeleton),
        None if ground is None else ground.plane(up),
    )


def _known_size(entries: list[str] | None, skeleton: Skeleton | None) -> float | None:
    """Metres, given alone or with the name of the file's rig."""
    if not entries:
        return None
    if skeleton is None or not skeleton.edges:
        raise InputError(
            "--known-size is the summed length of a rig's edges, and the file names none; give "
            "--skeleton, or names and edges in the file"
        )
    sizes = known_sizes(entries, [skeleton], lambda why: print(f"note: {why}", file=sys.stderr))
    return None if sizes is None else float(sizes[0])


def _arrays(parts: list[Lifted], task: _Task) -> Mapping[str, NDArray[Any]]:
    """What is written, in the file's leading shape; NaN where nothing is known."""
    file = task.file
    made = {name: _joined(parts, name) for name in WRITTEN}
    known = _joined(parts, "known") & made["valid"][:, None]
    made["points"] = np.where(known[..., None], made["points"], np.nan).astype(np.float32)
    made["sigma"] = np.where(known, made["sigma"], np.nan).astype(np.float32)
    made["keypoints"] = file.keypoints.astype(np.float32)
    # Without scores a keypoint is seen as far as it is a number, as the lifter takes it.
    seen = np.isfinite(file.keypoints).all(-1)
    scores = seen if file.confidence is None else file.confidence
    made["confidence"] = scores.astype(np.float32)
    made = {name: rows.reshape(*file.shape, *rows.shape[1:]) for name, rows in made.items()}
    rigs = [] if task.skeleton is None else [task.skeleton.as_dict()]
    return {**made, "skeletons": np.array(json.dumps(rigs))}


def _joined(parts: list[Lifted], name: str) -> NDArray[Any]:
    return np.concatenate([np.asarray(getattr(part, name)) for part in parts])


def _summary(arrays: Mapping[str, NDArray[Any]], skeleton: Skeleton | None) -> str:
    valid = arrays["valid"]
    units = ", ".join(sorted(set(arrays["unit"][valid].tolist()))) or "none"
    rig = "a rig without a name or edges" if skeleton is None else skeleton.name or "its own rig"
    return (
        f"{int(valid.sum())} of {valid.size} instances of {rig} lifted (unit {units}; size by "
        f"{lift_output.cues(arrays) or 'nothing'})"
    )
