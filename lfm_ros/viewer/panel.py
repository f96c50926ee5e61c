"""The detections as a picture: what the network was given, in the image it was seen in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lfm_ros.core.palette import instance_color
from lfm_ros.viewer.frame import Points2D, ViewFrame
from lfm_ros.viewer.shapes import BACKGROUND

Image8 = NDArray[np.uint8]
Size = tuple[int, int]

WIDTH = 480
"""Pixels of the picture across; its height follows the camera."""
SMOOTHING = 2
"""The picture is drawn this much larger and averaged down: PIL's lines have hard edges."""
DEFAULT_SIZE = (1280, 720)
FAINTEST = 0.25
"""Share of its colour that a keypoint of confidence just above zero keeps."""
JOINT_PX = 2.6
BONE_PX = 1.8


def draw_panel(frame: ViewFrame, *, muted: bool = False) -> Image8:
    """Picture of the detections.

    Args:
        frame: The moment to show. Without a camera the picture is as large as the points need.
        muted: Draw without colour: the data is old.

    Returns:
        RGB, shape (height, `WIDTH`, 3), uint8, contiguous.
    """
    width, height = picture_size(frame)
    canvas = Image.new("RGB", (WIDTH * SMOOTHING, height * SMOOTHING), _rgb8(BACKGROUND))
    if frame.detected is not None:
        scale = WIDTH * SMOOTHING / width
        draw = ImageDraw.Draw(canvas)
        for row in range(len(frame.detected.uv)):
            _draw_instance(draw, frame, frame.detected, row, scale)
    if muted:
        canvas = canvas.convert("L").convert("RGB")
    return np.asarray(canvas.reduce(SMOOTHING), np.uint8)


def picture_size(frame: ViewFrame) -> Size:
    """Width of the shown image area in camera pixels, and height of the picture in its own."""
    width, height = frame.camera[1] if frame.camera is not None else _needed(frame.detected)
    # A camera that reports no size, or a nonsensical one, must not end the viewer.
    width, height = (width, height) if width > 0 and height > 0 else DEFAULT_SIZE
    return width, int(np.clip(round(WIDTH * height / width), WIDTH // 4, WIDTH * 2))


def _needed(detected: Points2D | None) -> Size:
    if detected is None or not detected.present.any():
        return DEFAULT_SIZE
    right, bottom = detected.uv[detected.present].max(0)
    return max(DEFAULT_SIZE[0], int(right) + 1), max(DEFAULT_SIZE[1], int(bottom) + 1)


def _draw_instance(
    draw: ImageDraw.ImageDraw, frame: ViewFrame, detected: Points2D, row: int, scale: float
) -> None:
    """Edges first, so that the joints lie on top of them."""
    uv, shown = detected.uv[row] * scale, detected.present[row]
    confidence = np.clip(np.nan_to_num(detected.confidence[row]), 0.0, 1.0)
    color = instance_color(int(detected.instance_id[row])).astype(float)
    for a, b in frame.edges_of(int(detected.skeleton[row])):
        if a < len(shown) and b < len(shown) and shown[a] and shown[b]:
            line = _faded(color, 0.75 * min(confidence[a], confidence[b]))
            draw.line([*uv[a], *uv[b]], fill=line, width=round(BONE_PX * SMOOTHING))
    radius = JOINT_PX * SMOOTHING
    for keypoint in np.flatnonzero(shown):
        x, y = uv[keypoint]
        box = [x - radius, y - radius, x + radius, y + radius]
        draw.ellipse(box, fill=_faded(color, confidence[keypoint]))


def _faded(color: NDArray[np.float64], confidence: float) -> tuple[int, int, int]:
    strength = FAINTEST + (1.0 - FAINTEST) * confidence
    return _rgb8(BACKGROUND + strength * (color - BACKGROUND))


def _rgb8(color: NDArray[np.float64]) -> tuple[int, int, int]:
    r, g, b = (round(255 * float(c)) for c in color)
    return r, g, b
