"""``lfm lift`` on a recording of ROS 2."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

import numpy as np

from lfm_ros.bags.arrays import RowTable
from lfm_ros.bags.detections import DetectionBag
from lfm_ros.bags.lifting import lift_recording
from lfm_ros.bags.mcap_file import McapFile
from lfm_ros.cli import lift_output
from lfm_ros.cli.bag_options import ASSUMED_RIG, wishes
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.lifter import Lifter
from lfm_ros.ros.parameters import LifterParameters

_NODE = LifterParameters()
_UNSMOOTHED = "none"
_COMPLAINTS_SHOWN = 5


def run(options: argparse.Namespace) -> int:
    """Lift a recording."""
    if options.array:
        raise InputError("--array is for .npz files; a recording has topics: --topic")
    lift_output.refuse_to_replace(options.input, "--mcap", options.mcap)
    smoothing = options.smoothing or _UNSMOOTHED
    with ExitStack() as open_now:
        bag = open_now.enter_context(DetectionBag(options.input, wishes(options)))
        lifter = open_now.enter_context(Lifter.from_pretrained(options.model, options.backend))
        table, file = RowTable(bag.rigs), None
        if options.mcap:
            mcap = McapFile(options.mcap, bag.rigs, smoothed=smoothing != _UNSMOOTHED)
            file = open_now.enter_context(mcap)
        for moment in lift_recording(
            bag,
            lifter,
            camera=options.camera or _assumed(),
            override=options.camera is not None,
            smoothing=smoothing,
        ):
            table.add(moment)
            if file is not None:
                file.write(moment)
        arrays = table.arrays()
        _note(bag, options)
        _refuse_nothing(bag, arrays)
        lift_output.write(options.output, arrays)
    _report(bag, arrays, options)
    return 0


def _refuse_nothing(bag: DetectionBag, arrays: dict[str, np.ndarray]) -> None:
    """Write nothing where nothing was lifted, unless simply nobody was there.

    Raises:
        InputError: It is so.
    """
    frames, rows = len(arrays["frame_stamp_ns"]), len(arrays["valid"])
    nobody_there = frames and not rows and not bag.complaints
    if not arrays["valid"].any() and not nobody_there:
        why = "; the notes above say why" if bag.complaints else ""
        raise InputError(
            f"nothing was lifted of {bag.input_type} on {', '.join(bag.topics)} ({frames} frames, "
            f"{rows} instances), so nothing is written{why}"
        )


def _assumed() -> Intrinsics:
    """The camera that the node assumes without camera_info."""
    width, height = _NODE.assumed_image_size
    angle = float(np.deg2rad(_NODE.assumed_fov_deg))
    return Intrinsics.from_field_of_view(angle, (width, height))


def _note(bag: DetectionBag, options: argparse.Namespace) -> None:
    if not bag.has_camera and options.camera is None:
        print(
            f"note: no calibrated CameraInfo, so a camera of {_NODE.assumed_fov_deg:g} degrees is "
            "assumed and distances are rough; give --camera",
            file=sys.stderr,
        )
    rigs = _names(bag)
    if not (options.skeleton or options.class_skeleton) and rigs == ASSUMED_RIG:
        print(
            f"note: nothing says of which rig the keypoints are, so they are taken for {rigs}; "
            "give --skeleton",
            file=sys.stderr,
        )
    for why, count in list(bag.complaints.items())[:_COMPLAINTS_SHOWN]:
        times = f"{count} times: " if count > 1 else ""
        print(f"note: {times}{why}", file=sys.stderr)


def _names(bag: DetectionBag) -> str:
    return ", ".join(rig.name for rig in bag.rigs)


def _report(bag: DetectionBag, arrays: dict[str, np.ndarray], options: argparse.Namespace) -> None:
    valid = arrays["valid"]
    cues = lift_output.cues(arrays)
    written = " and ".join(str(path) for path in (options.output, options.mcap) if path)
    print(
        f"{bag.input_type} on {', '.join(bag.topics)}: {len(arrays['frame_stamp_ns'])} frames, "
        f"{int(valid.sum())} of {len(valid)} instances of {_names(bag)} lifted to {written}"
        + (f"; size by {cues}" if cues else "")
    )
