"""Keypoints in a file of which no truth is known, played like any other recording."""

from __future__ import annotations

from collections.abc import Iterator
from math import radians
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.frame import Frame, Seen
from lfm_ros.scene.keypoint_file import KeypointFile, read_keypoints

# Of a camera that the file does not know: an ordinary one.
_FIELD_OF_VIEW_DEG = 60.0
# Nobody is named: who is who from frame to frame is the tracker's to find out.
_UNNAMED = -1


class KeypointRecording:
    """2D keypoints alone, from an npz as ``lfm lift`` reads it: one frame a row.

    Args:
        path: The file.
        source: Name of the array of keypoints; ``auto``: as ``read_keypoints`` looks for them.

    Attributes:
        skeletons: The rig alone, as ``Scene`` has several: the file's, or one of keypoints that
            are only numbered.
        has_truth: False.
        remarks: What was assumed because the file does not say it, in sentences.

    Raises:
        InputError: The file cannot be used; one sentence says why.
    """

    has_truth = False

    def __init__(self, path: str | Path, source: str = "auto") -> None:
        self.path = Path(path)
        file = read_keypoints(self.path, None if source == "auto" else source)
        if not file.keypoints.size:
            raise InputError(f"{path} has keypoints of shape {file.shape}: nobody to play")
        frames, count = file.shape[0], int(np.prod(file.shape[1:]))
        width = file.keypoints.shape[1]
        self.skeletons: list[Skeleton] = [file.skeleton or _numbered(self.path.stem, width)]
        self.remarks: list[str] = []
        self._pixels, self._confidence = (
            part.reshape(frames, count, width, *part.shape[2:]) for part in _cleaned(file)
        )
        self._cameras = self._seen_by(file)[::count]

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, row: int) -> tuple[Frame, Intrinsics]:
        return self.frame_at(row), self._cameras[row]

    def __iter__(self) -> Iterator[tuple[Frame, Intrinsics]]:
        return (self[row] for row in range(len(self)))

    def frame_at(self, row: int) -> Frame:
        """The instances of one row of which anything was seen; their truth is not known."""
        width = len(self.skeletons[0])
        nowhere, unknown = np.zeros((width, 3)), np.zeros(width, bool)
        both = zip(self._pixels[row], self._confidence[row], strict=True)
        seen = [
            Seen(_UNNAMED, 0, pixels, confidence, nowhere, unknown)
            for pixels, confidence in both
            if (confidence > 0).any()
        ]
        return Frame.assemble(seen, width)

    def _seen_by(self, file: KeypointFile) -> list[Intrinsics]:
        """A camera for each instance: the file's, or an ordinary one."""
        if file.cameras is not None:
            return file.cameras
        size = file.image_size or _extent(self._pixels)
        self.remarks.append(
            f"{self.path} has no camera matrix 'K': one {_FIELD_OF_VIEW_DEG:g} degrees wide is "
            f"assumed, with an image of {size[0]} x {size[1]} pixels"
        )
        assumed = Intrinsics.from_field_of_view(radians(_FIELD_OF_VIEW_DEG), size)
        return [assumed] * len(file.keypoints)


def _numbered(name: str, width: int) -> Skeleton:
    return Skeleton([f"keypoint_{i}" for i in range(width)], name=name)


def _cleaned(file: KeypointFile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels (N, K, 2), zero where missing, and confidence (N, K), zero there too."""
    there = np.isfinite(file.keypoints).all(-1)
    told = np.ones(there.shape) if file.confidence is None else np.nan_to_num(file.confidence)
    return np.where(there[..., None], file.keypoints, 0.0), np.where(there, told, 0.0)


def _extent(pixels: NDArray[np.float64]) -> tuple[int, int]:
    """Width and height of an image that has all of the pixels (..., 2) in it."""
    width, height = np.ceil(pixels.reshape(-1, 2).max(0, initial=1.0)).astype(int).tolist()
    return width, height
