"""``docs/frames.svg``: the camera's optical frame, the instances' root frames and their slots.

The objects are those of the built-in scene, moved so that they do not hide each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.root_frame import root_frames
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene import Scene

Array = NDArray[np.float64]

_WIDTH, _HEIGHT, _SCALE = 900, 600, 150.0
_YAW, _PITCH = np.deg2rad(52), np.deg2rad(24)
_CAMERA_AT = np.array([130.0, 300.0])
_AXES = (("x", "#d03030"), ("y", "#208a3c"), ("z", "#2858c8"))
# Where their root frames are put, in metres.
_SHOWN = {"scene_person": np.array([-0.6, 0.1, 2.9]), "scene_quadruped": np.array([1.1, 0.5, 3.4])}
_SECONDS = 2.0


def drawing() -> str:
    """The picture as SVG."""
    body = [*_camera(), *_instances(), *_legend()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="15">'
    )
    ground = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
    return "\n".join([head, ground, *body, "</svg>", ""])


def _camera() -> Iterator[str]:
    corners = np.array([[-0.4, -0.25, 0.6], [0.4, -0.25, 0.6], [0.4, 0.25, 0.6], [-0.4, 0.25, 0.6]])
    for corner in corners:
        yield _line(np.zeros(3), corner, "#808080", 1)
    for a, b in zip(corners, np.roll(corners, -1, 0), strict=True):
        yield _line(a, b, "#808080", 1)
    yield from _axes(np.zeros(3), np.eye(3), 0.8, letters=True)
    yield _text(_CAMERA_AT + [-106, -120], "camera_optical_frame (REP 103)")
    yield _text(_CAMERA_AT + [-106, -102], "x right, y down, z forward", "#606060")


def _instances() -> Iterator[str]:
    scene = Scene(noise=False)
    frame = scene.frame(_SECONDS)
    slot = 0
    for row, index in enumerate(frame.skeleton.tolist()):
        rig = scene.skeletons[index]
        if rig.name in _SHOWN:
            yield from _instance(frame.truth[row, : len(rig)].astype(np.float64), rig, slot)
            slot += 1


def _instance(points: Array, rig: Skeleton, slot: int) -> Iterator[str]:
    assert rig.root is not None
    (origin,), (rotation,) = root_frames(points[None], rig.root, np.eye(3)[None])
    points, origin = points + (_SHOWN[rig.name] - origin), _SHOWN[rig.name]
    for a, b in rig.edges:
        yield _line(points[a], points[b], "#b0b0b0", 3)
    yield _line(np.zeros(3), origin, "#909090", 1, dashed=True)
    yield from _axes(origin, rotation, 0.45, letters=True)
    yield _text(_flat(origin) + [18, 24], f"lfm_{slot}")
    if slot == 0:
        wrist = points[rig.names.index("left_wrist")]
        yield _line(origin, wrist, "#909090", 1, dashed=True)
        yield from _axes(wrist, rotation, 0.2)
        yield _text(_flat(wrist) + [-62, 28], f"lfm_{slot}/left_wrist", "#606060")


def _legend() -> Iterator[str]:
    lines = (
        "Root frame: x forward, y left, z up, from the keypoints; for people between the hips.",
        "The number is a slot (max_tracks of them, lent in turn), since tf2 never forgets a name;",
        "who somebody is says instance_id in keypoints_3d. With tf_keypoints also one a keypoint.",
        "tf_naming rep155: body_0 and l_wrist_0 in place of lfm_0 and lfm_0/left_wrist.",
    )
    for number, line in enumerate(lines):
        yield _text(np.array([24.0, _HEIGHT - 78 + 20 * number]), line)


def _axes(origin: Array, rotation: Array, length: float, *, letters: bool = False) -> Iterator[str]:
    for (name, color), axis in zip(_AXES, rotation.T, strict=True):
        tip = origin + length * axis
        yield _line(origin, tip, color, 3)
        if letters:
            yield _text(_flat(origin + (length + 0.1) * axis) + [-4, 5], name, color)


def _flat(point: Array) -> Array:
    """Where a point of the optical frame is on the page: seen from the camera's left and above."""
    x, y, z = point
    across = z * np.sin(_YAW) + x * np.cos(_YAW)
    away = z * np.cos(_YAW) - x * np.sin(_YAW)
    return _CAMERA_AT + _SCALE * np.array([across, y * np.cos(_PITCH) - away * np.sin(_PITCH)])


def _line(a: Array, b: Array, color: str, width: int, *, dashed: bool = False) -> str:
    (x1, y1), (x2, y2) = _flat(a), _flat(b)
    dash = ' stroke-dasharray="4 4"' if dashed else ""
    return (
        f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{color}" '
        f'stroke-width="{width}" stroke-linecap="round"{dash}/>'
    )


def _text(place: Array, text: str, color: str = "#202020") -> str:
    return f'<text x="{place[0]:.0f}" y="{place[1]:.0f}" fill="{color}">{text}</text>'
