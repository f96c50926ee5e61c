"""Frames of a set with images: what a detector or a person saw, the camera, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Intrinsics, Skeleton
from lfm_ros.scene.pose_recording import PoseRecording

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Recorded:
    """B frames of one rig with K keypoints.

    Attributes:
        pixels: (B, K, 2).
        confidence: (B, K), 0 where nothing was seen.
        truth: (B, K, 3) in the camera frame, in metres.
        valid: (B, K) which points have a truth.
        cameras: B cameras.
        up: (B, 3) against gravity in the camera frame as the file says, or None.
        skeleton: The rig.
    """

    pixels: Array
    confidence: Array
    truth: Array
    valid: NDArray[np.bool_]
    cameras: Sequence[Intrinsics]
    up: Array | None
    skeleton: Skeleton

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(B, K) points that were seen and have a truth."""
        return self.valid & (self.confidence > 0)

    @property
    def different(self) -> NDArray[np.int64]:
        """(B,) how many of them are at different pixels: detectors find one point twice."""
        pixels = np.where(self.judged, self.pixels[..., 0] + 1j * self.pixels[..., 1], np.nan)
        return np.array([len(set(row[np.isfinite(row)].tolist())) for row in pixels])

    def only(self, rows: NDArray[np.int64]) -> Recorded:
        """Some of the frames."""
        names = ("pixels", "confidence", "truth", "valid")
        parts = {name: getattr(self, name)[rows] for name in names}
        up = None if self.up is None else self.up[rows]
        return replace(self, **parts, cameras=[self.cameras[i] for i in rows], up=up)

    def projected(self) -> Recorded:
        """The same keypoints without a fault: where the camera itself sees the truth."""
        somewhere = np.where(self.valid[..., None], self.truth, (0.0, 0.0, 1.0))
        pairs = zip(self.cameras, somewhere, strict=True)
        pixels = np.stack([camera.project(points) for camera, points in pairs])
        return replace(self, pixels=pixels, confidence=self.judged.astype(np.float64))

    def without_lens(self) -> Recorded:
        """The same pixels, the distortion of the lens not known."""
        bare = [Intrinsics(camera.matrix, camera.size) for camera in self.cameras]
        return replace(self, cameras=bare)

    def reprojection_px(self) -> float:
        """Median distance in pixels of the seen keypoints from where the camera sees the truth."""
        offset = self.projected().pixels - self.pixels
        return float(np.median(np.linalg.norm(offset, axis=-1)[self.judged]))


def read(path: Path, source: str, frames: int) -> Recorded:
    """Read frames spread evenly over a file.

    Args:
        path: The npz.
        source: ``uv_det`` or ``uv``; see ``lfm_ros.scene.pose_recording``.
        frames: Largest number of frames.

    Raises:
        InputError: The file cannot be used; one sentence says why.
    """
    recording = PoseRecording(path, source)
    count, width = len(recording), len(recording.skeleton)
    rows = np.linspace(0, count - 1, min(frames, count)).astype(int)
    shape = (len(rows), width)
    pixels, truth = np.zeros((*shape, 2)), np.zeros((*shape, 3))
    confidence, valid = np.zeros(shape), np.zeros(shape, bool)
    for i, row in enumerate(rows):
        frame = recording.frame_at(int(row))
        if len(frame):
            pixels[i], confidence[i] = frame.keypoints[0], frame.confidence[0]
            truth[i], valid[i] = frame.truth[0], frame.truth_valid[0]
    ups = [recording.up_for(int(row)) for row in rows]
    known = [up for up in ups if up is not None]
    return Recorded(
        pixels,
        confidence,
        truth,
        valid,
        [recording.camera_for(int(row)) for row in rows],
        np.stack(known) if len(known) == len(ups) else None,
        recording.skeleton,
    )
