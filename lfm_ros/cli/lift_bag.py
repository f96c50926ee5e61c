"""``lfm lift`` on a recording of ROS 2."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from lfm_ros.bags.arrays import RowTable
from lfm_ros.bags.detections import DetectionBag, Wishes
from lfm_ros.bags.lifting import lift_recording
from lfm_ros.bags.recording import McapFile
from lfm_ros.core.camera import LEVEL_UP, Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.lifter import Lifter

# What the node assumes without camera_info.
_ASSUMED_FOV_DEG, _ASSUMED_SIZE = 60.0, (1280, 720)
_COMPLAINTS_SHOWN = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only recordings have."""
    bag = parser.add_argument_group("recordings")
    bag.add_argument("--topic", help="of the detections; else the only one that fits")
    bag.add_argument("--input-type", metavar="TYPE", help="message type of the detections")
    bag.add_argument("--camera-info", metavar="TOPIC", help="else the one beside the detections")
    bag.add_argument(
        "--class-skeleton",
        action="append",
        metavar="CLASS:RIG",
        help="rig of a class of the detector, such as person:coco17; may be given again",
    )
    bag.add_argument(
        "--keypoint-map",
        action="append",
        metavar="FROM:TO",
        help="as the node's parameter keypoint_map; may be given again",
    )
    bag.add_argument("--min-confidence", type=float, metavar="SHARE", help="below is missing (0.1)")
    bag.add_argument(
        "--smoothing",
        choices=("none", "one_euro", "constant_velocity"),
        help="over time; none, if not given",
    )
    bag.add_argument(
        "--mcap", type=Path, metavar="OUT.mcap", help="also write markers, points and TF there"
    )


def refuse_options(options: argparse.Namespace) -> None:
    """Say so where an option for recordings was given with another kind of file.

    Raises:
        InputError: One was.
    """
    names = ("topic", "input_type", "camera_info", "class_skeleton", "keypoint_map", "mcap")
    given = [n for n in (*names, "min_confidence", "smoothing") if getattr(options, n) is not None]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise InputError(f"{option} is for recordings (.mcap, .db3, or the folder of one)")


def run(options: argparse.Namespace) -> int:
    """Lift a recording."""
    if options.array:
        raise InputError("--array is for .npz files; a recording has topics: --topic")
    up = LEVEL_UP if options.gravity == "camera_upright" else None
    with ExitStack() as open_now:
        bag = open_now.enter_context(DetectionBag(options.input, _wishes(options)))
        lifter = open_now.enter_context(Lifter.from_pretrained(options.model, options.backend))
        file = open_now.enter_context(McapFile(options.mcap, bag.rigs)) if options.mcap else None
        table = RowTable(bag.rigs)
        for moment in lift_recording(
            bag,
            lifter,
            camera=options.camera or _assumed(),
            override=options.camera is not None,
            up=up,
            min_confidence=0.1 if options.min_confidence is None else options.min_confidence,
            smoothing=options.smoothing or "none",
        ):
            table.add(moment)
            if file is not None:
                file.write(moment)
        arrays = table.arrays()
        _write(options.output, arrays)
    _report(bag, arrays, options)
    return 0


def _wishes(options: argparse.Namespace) -> Wishes:
    def entries(given: list[str] | None) -> tuple[str, ...]:
        return tuple(": ".join(one.split(":", 1)) for one in given or ())

    return Wishes(
        topic=options.topic,
        camera_info=options.camera_info,
        input_type=options.input_type,
        skeletons=tuple((options.skeleton or "coco17").split(",")),
        class_skeletons=entries(options.class_skeleton),
        keypoint_map=entries(options.keypoint_map),
    )


def _assumed() -> Intrinsics:
    return Intrinsics.from_field_of_view(float(np.deg2rad(_ASSUMED_FOV_DEG)), _ASSUMED_SIZE)


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    try:
        np.savez_compressed(path, **arrays)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def _report(bag: DetectionBag, arrays: dict[str, np.ndarray], options: argparse.Namespace) -> None:
    if not bag.has_camera and options.camera is None:
        print(
            f"note: no calibrated CameraInfo, so a camera of {_ASSUMED_FOV_DEG:g} degrees is "
            "assumed and distances are rough; give --camera",
            file=sys.stderr,
        )
    for why, count in list(bag.complaints.items())[:_COMPLAINTS_SHOWN]:
        print(f"note: {count} times: {why}", file=sys.stderr)
    valid = arrays.get("valid", np.zeros(0, bool))
    written = " and ".join(str(path) for path in (options.output, options.mcap) if path)
    print(
        f"{bag.input_type} on {', '.join(bag.topics)}: {len(arrays['frame_stamp_ns'])} frames, "
        f"{int(valid.sum())} of {len(valid)} instances lifted to {written}"
    )
