"""2D keypoints in, 3D keypoints out: normalise, run the network, align, place.

Pure: no ROS, no torch, no state that one call leaves for the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from types import TracebackType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.batch import Batch, SkeletonLike, make_batch
from lfm_ros.core.alignment import Similarity, procrustes
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import EngineError
from lfm_ros.core.normalize import VirtualView, structure_from_uvd, virtual_view
from lfm_ros.core.placement import centroid
from lfm_ros.core.pose import ImagePose, fit_pose
from lfm_ros.core.reprojection import refined
from lfm_ros.core.timing import Stopwatch
from lfm_ros.cues import KnownSize
from lfm_ros.engines.base import Arrays, Engine, Notice
from lfm_ros.engines.select import AUTO, create_engine
from lfm_ros.lifted import Lifted, nothing, scattered
from lfm_ros.models import Model, load_model
from lfm_ros.place import Structure, place

Array = NDArray[np.float64]

MIN_KEYPOINTS = 4
_STEPS = ("normalize", "engine", "align", "place")


class Lifter:
    """One model in one runtime.

    May be called from any thread. Use ``from_pretrained`` to make one, ``close`` or a ``with``
    statement to give its memory back.

    Attributes:
        model: The model that it runs.
        engine: The runtime.
        reason: Why that runtime was chosen.
        min_keypoints: Fewest distinct keypoints that are lifted.
    """

    def __init__(
        self, model: Model, engine: Engine, reason: str = "", min_keypoints: int = MIN_KEYPOINTS
    ) -> None:
        self.model = model
        self.engine = engine
        self.reason = reason
        self.min_keypoints = min_keypoints

    @classmethod
    def from_pretrained(
        cls,
        model: str | None = None,
        backend: str = AUTO,
        *,
        threads: int = 0,
        min_keypoints: int = MIN_KEYPOINTS,
        notice: Notice | None = None,
    ) -> Lifter:
        """Load a model into a runtime.

        Args:
            model: A name under ``config/models``, the path of a model folder, or None for the
                model that ships.
            backend: ``auto``, or the runtime's name.
            threads: Most CPU threads of one call; 0: ONNX Runtime takes all cores but one, at most
                four, OpenVINO one.
            min_keypoints: Fewest distinct keypoints that are lifted, at least 4.
            notice: Told in a sentence before anything that takes long, such as building an
                engine for the GPU.

        Raises:
            ModelError: The model is missing or damaged.
            EngineError: The runtime cannot run here.
        """
        loaded = load_model(model)
        engine, reason = create_engine(loaded, backend, threads, notice)
        return cls(loaded, engine, reason, max(min_keypoints, MIN_KEYPOINTS))

    def lift(
        self,
        keypoints: ArrayLike,
        confidence: ArrayLike | None = None,
        camera: Intrinsics | Sequence[Intrinsics] | None = None,
        skeleton: SkeletonLike | Sequence[SkeletonLike] = None,
        *,
        up: ArrayLike | None = None,
        known_size: KnownSize = None,
        depth: ArrayLike | None = None,
        ground: ArrayLike | None = None,
        nominal: bool = True,
    ) -> Lifted:
        """Lift 2D keypoints to 3D.

        Metres come from the cue that is trusted most: depth, then a known size, the ground, the
        skeleton's nominal size. A cue that has nothing to say of an instance, or only something
        vague, leaves it to the next; ``Lifted.scale_source`` names the one that was used.

        Args:
            keypoints: (B, K, 2) or (K, 2), pixels, x right, y down. NaN means missing; (0, 0) is a
                place like any other, so give what a detector writes there for missing ones
                confidence 0. Instances of smaller rigs are padded to the largest with confidence 0.
            confidence: (B, K) in [0, 1], 0 means missing. None: all seen.
            camera: The camera, one for each instance, or None (weak perspective).
            skeleton: A registered name, a ``Skeleton``, one for each instance, or None (edges
                unknown: works, less well).
            up: Direction against gravity in the camera's frame, (3,) or (B, 3), or None.
            known_size: Size in metres as ``lfm_ros.core.placement.size`` defines it (summed edge
                length), a number or (B,) with NaN where unknown. Or the lengths of some bones,
                ``{("left_hip", "left_knee"): 0.44}``, for all rigs that have them.
            depth: Depth image (H, W) aligned with the camera: float metres or 16 bit integer
                millimetres; 0 and NaN are holes. Needs ``camera``.
            ground: The ground n . x + d = 0 in the camera frame, metres, (nx, ny, nz, d): (4,) or
                (B, 4). Objects are put on it by the contacts of their skeleton, or where it has
                none by their lowest seen point. Needs ``camera``.
            nominal: Whether a skeleton's nominal size serves where no size is known.

        Raises:
            InputError: Something does not fit together; the message says what to do.
            SkeletonError: A skeleton's name is not known.
            EngineError: The runtime failed.
        """
        batch = make_batch(
            keypoints, confidence, camera, skeleton, up, known_size, depth=depth, ground=ground
        )
        clock = Stopwatch(_STEPS)
        rows, kept, view = _look(batch, self.min_keypoints)
        if view is None:
            return nothing(*batch.confidence.shape, clock.seconds)
        inputs = _network_inputs(kept, view)
        clock.lap("normalize")
        outputs = self._infer(inputs)
        clock.lap("engine")
        structure = _structure(outputs, kept, view)
        clock.lap("align")
        lifted = place(structure, kept, view, nominal, clock.seconds)
        if rows.size < len(batch.pixels):
            lifted = scattered(lifted, rows, len(batch.pixels))
        clock.lap("place")
        return lifted

    def _infer(self, inputs: Arrays) -> dict[str, Array]:
        outputs = self.engine.infer(inputs)
        converted = {name: np.asarray(value, np.float64) for name, value in outputs.items()}
        # One value that is not finite makes the sum so.
        if not math.isfinite(sum(float(value.sum()) for value in converted.values())):
            raise EngineError(
                f"{self.model.name} on {self.engine.name} returned values that are not finite; "
                "verify the model, or choose another backend"
            )
        return converted

    def close(self) -> None:
        """Give back what the runtime holds."""
        self.engine.close()

    def __enter__(self) -> Lifter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _look(batch: Batch, fewest: int) -> tuple[NDArray[np.int64], Batch, VirtualView | None]:
    """The instances that can be lifted, which rows they are, and how they look; None if none can.

    The lens or the virtual camera may see less than the detector claims. Without those points the
    others are centred anew, and may be too few. In the end batch and view observe the same.
    """
    rows = np.arange(len(batch.pixels))
    while True:
        keep = batch.enough(fewest).nonzero()[0]
        if keep.size == 0:
            return rows[keep], batch, None
        if keep.size < len(rows):
            rows, batch = rows[keep], batch.rows(keep)
        view = virtual_view(batch.pixels, batch.observed, batch.cameras, batch.up)
        lost = batch.observed & ~view.observed
        if not lost.any():
            return rows, batch, view
        batch = batch.without(lost)


def _network_inputs(batch: Batch, view: VirtualView) -> Arrays:
    return {
        "keypoints": np.ascontiguousarray(view.keypoints, np.float32),
        "confidence": batch.confidence,
        "adjacency": batch.tables.adjacency,
        "skeleton_index": batch.rig_index,
        "camera": view.features.astype(np.float32),
        "side": batch.sides,
    }


def _structure(outputs: dict[str, Array], batch: Batch, view: VirtualView) -> Structure:
    """Points in the virtual camera's frame, and the canonical structure's pose in it.

    A network with ``uvd`` says where each point is, and the pose is found from that and from the
    image once somebody asks; one without (the paper's) leaves the points to the pose.
    """
    canonical = outputs["canonical"]
    known = view.observed | batch.joined
    weights = batch.confidence.astype(np.float64)
    if "uvd" in outputs:
        points = structure_from_uvd(outputs["uvd"], view.radius)
        fit = partial(_aligned, canonical, points, known, view, weights)
    else:
        pose = fit_pose(canonical, view.keypoints, weights, view.radius)
        points, fit = pose.apply(canonical), partial(_found, pose)
    sigma = np.exp(np.minimum(np.maximum(outputs["log_sigma"], -6), 3))
    if not known.all():
        middle = centroid(points, view.observed)[:, None]
        points = np.where(known[..., None], points, middle) * batch.in_rig[..., None]
        sigma = np.where(known, sigma, 1.0)
    return Structure(points, known, canonical, fit, sigma)


def _aligned(
    canonical: Array, points: Array, known: NDArray[np.bool_], view: VirtualView, weights: Array
) -> tuple[Similarity, Array]:
    fit = procrustes(canonical, points, known)
    return refined(canonical, fit, view.keypoints, weights, view.radius)


def _found(pose: ImagePose) -> tuple[Similarity, Array]:
    shift = np.concatenate([pose.shift, np.zeros((len(pose.shift), 1))], -1)
    return Similarity(pose.rotation, pose.scale, shift), pose.error
