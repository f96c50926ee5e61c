"""The camera on the command line: six numbers, or the file that camera_calibration writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError

#: What the option takes.
FORM = "FX,FY,CX,CY,W,H|FILE.yaml"


def camera(text: str) -> Intrinsics:
    """A camera from ``fx,fy,cx,cy,w,h``, or from a calibration file of ROS.

    Raises:
        ArgumentTypeError: It is neither, or does not describe a camera.
    """
    try:
        return _of_file(Path(text)) if text.endswith((".yaml", ".yml")) else _of_numbers(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _of_numbers(text: str) -> Intrinsics:
    try:
        fx, fy, cx, cy, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{text!r} is not six numbers FX,FY,CX,CY,W,H separated by commas, nor the path of a "
            ".yaml file"
        ) from None
    return Intrinsics([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], (int(width), int(height)))


def _of_file(path: Path) -> Intrinsics:
    """The raw image's camera, from the keys that camera_calibration_parsers reads and writes."""
    try:
        content: Any = yaml.safe_load(path.read_text())
        matrix = content["camera_matrix"]["data"]
        size = content["image_width"], content["image_height"]
        distortion = content.get("distortion_coefficients", {}).get("data", ())
        model = content.get("distortion_model") or "plumb_bob"
        rows = [matrix[:3], matrix[3:6], matrix[6:9]]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no calibration as camera_calibration writes it ({error}): image_width, "
            "image_height, camera_matrix, distortion_model, distortion_coefficients"
        ) from error
    return Intrinsics(rows, size, distortion, model)
