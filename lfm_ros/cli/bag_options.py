"""The options of ``lfm lift`` that only recordings have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lfm_ros.bags.wishes import Wishes
from lfm_ros.core.errors import InputError
from lfm_ros.core.filters import FILTERS

#: What keypoints are taken for if neither a message nor an option says more.
ASSUMED_RIG = ",".join(Wishes.skeletons)
_OPTIONS: dict[str, dict[str, Any]] = {
    "--topic": {"help": "of the detections; else the only one that fits"},
    "--input-type": {"metavar": "TYPE", "help": "message type of the detections"},
    "--camera-info": {"metavar": "TOPIC", "help": "else the one beside the detections"},
    "--rectified": {"action": "store_true", "help": "the detector saw the rectified image"},
    "--class-skeleton": {
        "action": "append",
        "metavar": "CLASS:RIG",
        "help": "rig of a class of the detector, such as person:coco17; may be given again",
    },
    "--keypoint-map": {
        "action": "append",
        "metavar": "FROM:TO",
        "help": "as the node's parameter keypoint_map; may be given again",
    },
    "--keypoint-id-base": {"type": int, "metavar": "N", "help": "what ids count from (1)"},
    "--tag-size": {"type": float, "metavar": "M", "help": "edge of AprilTags in metres (0.16)"},
    "--min-detection-confidence": {
        "type": float,
        "metavar": "SHARE",
        "help": "detections below are left out (0)",
    },
    "--min-confidence": {"type": float, "metavar": "SHARE", "help": "below is missing (0.1)"},
    "--depth": {
        "metavar": "TOPIC",
        "help": "depth images, aligned with the camera; by them distances are known best",
    },
    "--ground-frame": {
        "metavar": "FRAME",
        "help": "in the recording's /tf or /tf_static: objects stand on its plane z = 0",
    },
    "--gravity-frame": {"metavar": "FRAME", "help": "likewise, whose z axis points up"},
    "--target-frame": {
        "metavar": "FRAME",
        "help": "likewise, into which everything is brought; what cannot be is left out",
    },
    "--frame-id": {
        "metavar": "FRAME",
        "help": "the camera's optical frame; else as the detections say",
    },
    "--smoothing": {
        "choices": tuple(FILTERS),
        "help": "over time; none, if not given",
    },
    "--mcap": {
        "type": Path,
        "metavar": "OUT.mcap",
        "help": "also write markers, points and TF there",
    },
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only recordings have."""
    bag = parser.add_argument_group("recordings")
    for name, said in _OPTIONS.items():
        bag.add_argument(name, default=None, **said)


def refuse_options(options: argparse.Namespace) -> None:
    """Say so where an option for recordings was given with another kind of file.

    Raises:
        InputError: One was.
    """
    for name in _OPTIONS:
        if getattr(options, name[2:].replace("-", "_")) is not None:
            raise InputError(f"{name} is for recordings (.mcap, .db3, or the folder of one)")


def wishes(options: argparse.Namespace) -> Wishes:
    """What the options wish; what is not given stays as it is."""
    lists = {
        "class_skeletons": tuple(options.class_skeleton or ()),
        "keypoint_map": tuple(options.keypoint_map or ()),
        "known_sizes": tuple(options.known_size or ()),
        "skeletons": tuple((options.skeleton or ASSUMED_RIG).split(",")),
    }
    known = Wishes.__dataclass_fields__
    given = {k: v for k, v in vars(options).items() if v is not None and k in known}
    if options.ground is not None:
        given["camera_height"] = options.ground.height
    return Wishes(**given | lists)
