"""Recorded keypoints and their truth, played like the built-in scene: a row is a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.frame import Frame, Seen
from lfm_ros.scene.pose_file import read_pose_file, skeleton_of
from lfm_ros.scene.views import OwnView, TakenView, View

Array = NDArray[np.float64]

SOURCES = ("uv_det", "uv", "xyz")
_DEFAULT_FPS = 30.0


class PoseRecording:
    """2D keypoints and their truth from an npz of the common form; see ``pose_file``.

    A row in which nothing was detected is an empty frame. The truth is in metres where the file's
    ``xyz`` is; some files of single objects have units of their own.

    Args:
        path: The file.
        source: Where the 2D keypoints come from: ``uv_det`` (a real detector), ``uv`` (labels),
            ``xyz`` (the truth, seen by a camera of our own), or ``auto``: the first of these that
            the file has. The first two need ``K``.

    Attributes:
        source: The source in use.
        skeleton: The rig; ``skeletons`` holds it alone, as ``Scene`` does for several.
        fps: Frames a second of ``frame``: the file's, or 30.
        has_truth: True.
        remarks: None; ``KeypointRecording`` has some.

    Raises:
        InputError: The file cannot be used; one sentence says why.
    """

    has_truth = True
    remarks: Sequence[str] = ()

    def __init__(self, path: str | Path, source: str = "auto") -> None:
        self.path = Path(path)
        self._arrays = read_pose_file(path)
        self.source = self._pick(source)
        self.skeleton: Skeleton = skeleton_of(self._arrays, path)
        self.skeletons: list[Skeleton] = [self.skeleton]
        self.fps = self._rate()
        xyz = self._arrays["xyz"]
        marked = self._array("valid", np.ones(xyz.shape[:2])).astype(bool)
        self._valid: NDArray[np.bool_] = np.logical_and(marked, np.isfinite(xyz).all(-1))
        self._ids = self._array("person_annotation", self._array("sequence", np.zeros(len(xyz))))
        self._confidence = self._array(*self._confidence_name())
        self._view = self._make_view()

    def __len__(self) -> int:
        return len(self._valid)

    def __getitem__(self, row: int) -> tuple[Frame, Intrinsics]:
        return self.frame_at(row), self.camera_for(row)

    def __iter__(self) -> Iterator[tuple[Frame, Intrinsics]]:
        return (self[row] for row in range(len(self)))

    @property
    def camera(self) -> Intrinsics:
        """The camera of the first row."""
        return self.camera_for(0)

    @property
    def up(self) -> Array | None:
        """Up in the camera frame of the first row, unit (3,); None if the file does not say."""
        return self.up_for(0)

    def frame(self, seconds: float) -> Frame:
        """The frame that is shown at a time in seconds; the recording repeats for ever."""
        # The small number keeps a frame's own time out of the one before it.
        return self.frame_at(int(np.floor(seconds * self.fps + 1e-6)) % len(self))

    def frame_at(self, row: int) -> Frame:
        """The frame of one row: one instance, or none where nothing was detected."""
        row = self._checked(row)
        truth = self._view.points(row)
        keypoints, confidence = self._seen(row, truth)
        one = Seen(int(self._ids[row]), 0, keypoints, confidence, truth, self._valid[row])
        return Frame.assemble([one] if (confidence > 0).any() else [], len(self.skeleton))

    def camera_for(self, row: int) -> Intrinsics:
        """The camera that took one row."""
        return self._view.camera(self._checked(row))

    def up_for(self, row: int) -> Array | None:
        """Up in the camera frame of one row, unit (3,); None if the file does not say."""
        axis = self._up_axis()
        return None if axis is None else self._view.rotation(self._checked(row)) @ axis

    def _seen(self, row: int, truth: Array) -> tuple[Array, Array]:
        """Pixels (K, 2) and confidence (K,) of one row."""
        valid = self._valid[row]
        if self.source == "xyz":
            anywhere = np.where(valid[:, None], truth, [0.0, 0.0, 1.0])
            return self._view.camera(row).project(anywhere), valid.astype(np.float64)
        confidence = self._confidence[row]
        pixels = np.asarray(self._arrays[self.source][row], np.float64)
        confidence = np.clip(np.nan_to_num(np.asarray(confidence, np.float64)), 0.0, 1.0)
        known = np.all(np.isfinite(pixels), axis=-1)
        return np.where(known[:, None], pixels, 0.0), np.where(known, confidence, 0.0)

    def _confidence_name(self) -> tuple[str, NDArray[Any]]:
        """What tells how sure a pixel is, and what stands in where the file does not have it."""
        if self.source == "uv_det":
            return "uv_det_conf", np.ones(self._valid.shape)
        return "uv_valid", self._valid

    def _make_view(self) -> View:
        if self.source == "xyz":
            return OwnView(self._arrays, self._valid, self._up_axis())
        matrix = self._arrays["K"]
        if not (np.isfinite(matrix).all() and (matrix[..., [0, 1], [0, 1]] > 0).all()):
            raise InputError(
                f"{self.path}: 'K' has focal lengths that are not above 0, or values that are not "
                "finite; give camera matrices in pixels, or leave 'K' out to play 'xyz'"
            )
        return TakenView(self._arrays)

    def _up_axis(self) -> Array | None:
        """Up in the frame of ``xyz``; the field starts with a signed axis such as +z."""
        text = str(self._arrays.get("up", ""))
        if len(text) < 2 or text[0] not in "+-" or text[1] not in "xyz":
            return None
        return np.eye(3)["xyz".index(text[1])] * (1.0 if text[0] == "+" else -1.0)

    def _rate(self) -> float:
        rate = self._array("fps", _DEFAULT_FPS)
        if rate.size != 1 or rate.dtype.kind not in "iuf" or not 0 < rate.item() < np.inf:
            raise InputError(
                f"{self.path}: 'fps' is {rate}; give one number above 0, or leave it out"
            )
        return float(rate.item())

    def _pick(self, source: str) -> str:
        usable = [s for s in SOURCES if s in self._arrays and (s == "xyz" or "K" in self._arrays)]
        if source == "auto":
            return usable[0]
        if source not in usable:
            raise InputError(
                f"source is {source!r} but {self.path} offers {', '.join(usable)}; use one of these"
            )
        return source

    def _array(self, name: str, default: Any) -> NDArray[Any]:
        return np.asarray(self._arrays.get(name, default))

    def _checked(self, row: int) -> int:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} is not in {self.path}, which has {len(self)}")
        return row % len(self)
