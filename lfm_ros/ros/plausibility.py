"""Whether the inputs of a frame fit together: frames, stamps, image sizes, scores, classes, depth.

A frame whose inputs contradict each other is lifted all the same, but to the wrong place.
"""

from __future__ import annotations

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.depth_cache import DepthSource
from lfm_ros.ros.doubts import Doubts
from lfm_ros.ros.image_fit import ImageFit
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.seen_camera import SeenCamera
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.statistics import Statistics
from lfm_ros.tracker import REORDERING

# Detectors for faces, hands and bodies may send frames of one stamp in turn.
_STANDSTILL = 10
# Nobody is warned for a passing dog.
_ALL_LEFT_OUT = 30
# Scores of heat maps go a little above 1, per cents far above.
_LARGEST_SCORE = 2.0
_PROPORTIONS = 0.02


class Plausibility:
    """Looks at each frame before it is lifted, in the worker's thread.

    Args:
        names_optical_frame: Whether the header of detections names the frame of their pixels.
        statistics: Counts doubtful frames.
        complaints: Says why.

    Attributes:
        doubts: Those that there are now.
    """

    def __init__(
        self, names_optical_frame: bool, statistics: Statistics, complaints: Complaints
    ) -> None:
        self.doubts = Doubts(statistics, complaints)
        self._statistics, self._complaints = statistics, complaints
        self._names_optical_frame = names_optical_frame
        self._fit = ImageFit()
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.doubts.clear()
        self._fit.clear()
        self.restart_time()
        self._left_out = 0
        self._any_kept = False
        self._said_size: tuple[tuple[int, int], tuple[int, int]] | None = None

    def restart_time(self) -> None:
        """From now on stamps are of another time."""
        self._last_stamp: int | None = None
        self._repeated = 0

    def check(
        self,
        detections: Keypoints2D,
        seen: SeenCamera | None,
        camera: Intrinsics,
        depth: DepthSource | None,
        settings: LifterParameters,
    ) -> None:
        """Raise or withdraw the doubts that a frame gives rise to.

        Args:
            detections: In pixels.
            seen: The ``camera_info`` for them, if there was one.
            camera: That is used, maybe assumed.
            depth: Of the last depth image, if depth is used and there was one.
            settings: The present parameters.
        """
        frame_id = settings.frame_id or detections.frame_id
        camera_frame = seen.frame_id if seen is not None else ""
        if self._names_optical_frame and not settings.frame_id:
            self._check_frame(frame_id, camera_frame)
        else:
            self.doubts.withdraw("frame_not_of_camera")
        if depth is not None:
            self._check_depth_frame(depth, (frame_id, detections.frame_id, camera_frame))
            self._check_depth_size(depth, camera.size)
        self._check_classes(detections)
        if len(detections):
            self._check_content(detections, camera, settings)

    def check_stamp(self, detections: Keypoints2D) -> None:
        """Compare the stamp of a frame with that of the one before."""
        stamp, last = nanoseconds(detections.stamp), self._last_stamp
        back = 0 if last is None else last - stamp
        if back > 0:
            self._statistics.noted("stamps_back")
            self._complaints.warn(
                f"stamps of keypoints go back by {1e-9 * back:.3f} s; frames are lifted all the "
                "same, but tf2 refuses what is older than what it has, and the tracker forgets "
                f"everybody if it is more than {REORDERING:g} s"
            )
        self._repeated = self._repeated + 1 if stamp == last else 0
        self._last_stamp = stamp
        if self._repeated or not stamp:
            self._check_standstill(stamp)
        else:
            self.doubts.withdraw("stamps_standing")

    def _check_standstill(self, stamp: int) -> None:
        self._statistics.noted("stamps_zero" if not stamp else "stamps_repeated")
        if self._repeated >= _STANDSTILL:
            found = f"{stamp * 1e-9:.3f} s" if stamp else "zero"
            self.doubts.raise_(
                "stamps_standing",
                f"frame after frame of keypoints has the same stamp ({found}), so nothing is "
                "smoothed, and transforms and depth images are not those of the image's time; let "
                "the detector copy the stamp of its image",
                counted=False,
            )

    def _check_frame(self, frame_id: str, camera_frame: str) -> None:
        found, expected = frame_id.lstrip("/"), camera_frame.lstrip("/")
        if found == expected or not found or not expected:
            self.doubts.withdraw("frame_not_of_camera")
            return
        self.doubts.raise_(
            "frame_not_of_camera",
            f"keypoints are in the frame {found[:80]!r}, but camera_info in {expected[:80]!r}: "
            "results are placed as if the first were the camera's optical frame; let the detector "
            "copy the frame_id of its image, or set the parameter frame_id to the optical frame",
        )

    def _check_depth_frame(self, depth: DepthSource, known: tuple[str, ...]) -> None:
        if not depth.frame_id or depth.frame_id in known or not any(known):
            self.doubts.withdraw("depth_frame")
            return
        of_camera = next(name for name in known if name)
        self.doubts.raise_(
            "depth_frame",
            f"depth images are in the frame {depth.frame_id[:80]!r}, keypoints in "
            f"{of_camera[:80]!r}: they seem not to be aligned with the camera, so distances are "
            "read beside the objects; remap depth to the depth image that is registered to the "
            "camera (aligned_depth_to_color, depth_registered)",
        )

    def _check_depth_size(self, depth: DepthSource, size: tuple[int, int]) -> None:
        if (depth.size, size) == self._said_size:
            return
        self._said_size = (depth.size, size)
        across, down = depth.size[0] * size[1], depth.size[1] * size[0]
        # With other proportions the frame is refused.
        if depth.size != size and abs(across - down) <= _PROPORTIONS * min(across, down):
            self._complaints.warn_once(
                f"depth images have {depth.size[0]}x{depth.size[1]} pixels, the camera's "
                f"{size[0]}x{size[1]}: they are taken for the same view, and rescaled"
            )

    def _check_classes(self, detections: Keypoints2D) -> None:
        if len(detections):
            if not self._any_kept:
                self._any_kept = True
                self.doubts.withdraw("all_left_out")
        elif detections.left_out and not self._any_kept:
            self._left_out += 1
            if self._left_out >= _ALL_LEFT_OUT:
                why = f"nothing was lifted so far: {detections.left_out[0]}"
                self.doubts.raise_("all_left_out", why)

    def _check_content(
        self, detections: Keypoints2D, camera: Intrinsics, settings: LifterParameters
    ) -> None:
        if detections.highest_score > _LARGEST_SCORE:
            self.doubts.raise_(
                "scores_above_one",
                f"a keypoint has the confidence {detections.highest_score:g}, where 1 is the most: "
                "all above 1 count as 1, so min_confidence leaves nothing out; if the detector "
                "counts in per cent, let it divide by 100",
            )
        else:
            self.doubts.withdraw("scores_above_one")
        problem = self._fit.look(
            detections.keypoints, detections.confidence, camera.size, settings.min_confidence
        )
        if problem:
            self.doubts.raise_("outside_image", problem)
        else:
            self.doubts.withdraw("outside_image")
