"""``lfm lift``: keypoints in a file or a recording to 3D points in a file."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from lfm_ros.bags.library import is_bag
from lfm_ros.cli import bag_options, lift_file
from lfm_ros.cli.camera_option import FORM, camera
from lfm_ros.cli.lift_ground import Ground
from lfm_ros.scene.keypoint_file import SOURCES

_EPILOG = """\
An .npz has N frames of K keypoints (np.savez("in.npz", keypoints=xy, confidence=score, K=matrix)):

    keypoints   (N, K, 2), or (N, B, K, 2) with B instances a frame: pixels; NaN is missing
    confidence  (N, K) or (N, B, K), 0 to 1; 0 is missing; without it all were seen
    K           (3, 3) or (N, 3, 3), camera matrix; without it (or --camera) points are centred
    image_size  (2,) or (N, 2), width and height; dist: (5,) or (N, 5), plumb_bob
    names       K names, edges (E, 2) indices: the rig; a registered one is known by its names

What is written has the same leading shape: points (.., K, 3), NaN where nothing is known; sigma,
observed, confidence (.., K) and keypoints (.., K, 2); valid, unit, scale_source and place_sigma;
and skeletons, the rig as JSON. Sigmas are in the unit of the points.

In place of `keypoints` there may be `uv_det` with `uv_det_conf` (those of a detector) or `uv` with
`uv_valid` (labels). `lfm demo --data` plays such a file, too.

A recording is lifted as the node would lift it, with options that are named like its parameters:

    lfm lift run.mcap --output run.npz --depth /camera/aligned_depth/image_raw \\
        --gravity-frame base_link --target-frame map --mcap lifted.mcap

The depth image with the nearest stamp is taken, at most 50 ms off. Transforms are interpolated at
the stamp of the image, from all of /tf and /tf_static. What is missing of depth, gravity or ground
is done without and counted on stderr; `scale_source` says what told the size of each instance. A
frame that the whole recording lacks is an error, and so is a recording of which nothing is lifted.

The .npz of a recording has a row an instance and frame, R in all, K keypoints of the largest rig:
`points` (R, K, 3) in metres, NaN where nothing is known; `sigma`, `confidence`, `observed` (R, K);
`keypoints` (R, K, 2) in pixels; `valid`, `instance_id`, `skeleton`, `scale_source`, `place_sigma`,
`stamp_ns` (R,); and `frame` (R,), the row's place in `frame_stamp_ns` and `frame_id` (T,), which
have the frames without instances too. `skeletons` is JSON.
"""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "lift",
        help="lift the keypoints in an .npz file or in a recording of ROS 2",
        description="Lift every row of an .npz file of keypoints, or every frame of a recording "
        "(.mcap, .db3, or the folder of one), which needs no ROS.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "input", type=Path, metavar="IN", help="keypoints in pixels (.npz), or a recording"
    )
    parser.add_argument("--output", type=_npz, required=True, metavar="OUT.npz")
    parser.add_argument("--skeleton", help="name or .yaml of the rig; else the file's own, if any")
    parser.add_argument(
        "--camera",
        type=camera,
        metavar=FORM,
        help="in pixels, of a lens that does not bend; or the calibration of the raw image that "
        "camera_calibration writes",
    )
    parser.add_argument(
        "--array", help=f"which array to lift; by default the first of {', '.join(SOURCES)}"
    )
    _add_cues(parser)
    parser.add_argument("--model", help="name or folder of the network")
    parser.add_argument("--backend", default="auto", help="what runs the network")
    bag_options.add_options(parser)
    parser.set_defaults(run=run)


def _add_cues(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--gravity",
        choices=("camera_upright", "none"),
        default="camera_upright",
        help="what is known of gravity: the camera is held upright, or nothing",
    )
    parser.add_argument(
        "--camera-pitch",
        dest="camera_pitch_deg",
        type=_pitch,
        default=0.0,
        metavar="DEG",
        help="how far an upright camera looks below the horizon; if that is not known to 10 "
        "degrees, --gravity none is better",
    )
    parser.add_argument(
        "--known-size",
        action="append",
        metavar="RIG:METRES",
        help="summed length of the edges of a rig's objects, such as car12:25.4; may be given "
        "again; of one rig the metres will do",
    )
    parser.add_argument(
        "--ground",
        type=Ground.parsed,
        metavar="HEIGHT|NX,NY,NZ,D",
        help="how high the camera is above the ground, in metres; or, of an .npz, the plane "
        "n . x + d = 0 in the camera's frame",
    )


def run(options: argparse.Namespace) -> int:
    """Lift a file."""
    if is_bag(options.input):
        # Files need less than recordings do.
        from lfm_ros.cli import lift_bag

        return lift_bag.run(options)
    return lift_file.run(options)


def _pitch(text: str) -> float:
    """Degrees, at most straight down or up."""
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -90 <= degrees <= 90:
        raise argparse.ArgumentTypeError(f"{text!r} is no angle; give -90 to 90 degrees")
    return degrees


def _npz(text: str) -> Path:
    """The file that numpy writes when it is given this name: it adds the ending itself."""
    return Path(text if text.endswith(".npz") else f"{text}.npz")
