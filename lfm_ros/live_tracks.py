"""The instances that are being followed, as arrays side by side."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.bearing import Sighting, radius_in_rows, together
from lfm_ros.core.filters import at_rest, predicted
from lfm_ros.core.placement import centroid
from lfm_ros.lifted import Lifted

# How many seconds a velocity is believed in: limbs turn back sooner than bodies do.
_ROOT_GOES_ON, _LIMBS_GO_ON = 0.3, 0.1


@dataclass(eq=False)
class LiveTracks:
    """T tracks of at most K keypoints, each as of the frame that it was last seen in.

    Those of the frame that is being taken over are written to; all others are left alone.

    Attributes:
        motion: (2, T, 1 + K, 3), the filter's state over ``core.bearing.Sighting.rows``.
        radius: (T,), size of the object when it was first seen.
        placed: (T,), as in ``Sighting``.
        known: (T, K).
        sigma: (T, K).
        place_sigma: (T,).
        first_shape: (T, K, 3), points around the root in the first frame, zeros if unknown there.
        first_rotation: (T, 3, 3), of the canonical structure in the first frame.
        skeleton: (T,) int32.
        instance_id: (T,) int32.
        external: (T,) int32, what the detector calls it, or -1.
        seen_ns: (T,) int64, stamp of the frame that it was last seen in.
        born_ns: (T,) int64, of the first.
        width: (T,) int64, keypoints of the frame that it was last seen in.
        scale_source: T strings.
        unit: T strings.
    """

    motion: NDArray[np.float32]
    radius: NDArray[np.float32]
    placed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    sigma: NDArray[np.float32]
    place_sigma: NDArray[np.float32]
    first_shape: NDArray[np.float32]
    first_rotation: NDArray[np.float32]
    skeleton: NDArray[np.int32]
    instance_id: NDArray[np.int32]
    external: NDArray[np.int32]
    seen_ns: NDArray[np.int64]
    born_ns: NDArray[np.int64]
    width: NDArray[np.int64]
    scale_source: list[str]
    unit: list[str]

    @classmethod
    def none(cls) -> LiveTracks:
        """Nobody."""
        numbers = np.zeros(0, np.int64)
        return cls(
            motion=np.zeros((2, 0, 1, 3), np.float32),
            radius=np.zeros(0, np.float32),
            placed=np.zeros(0, bool),
            known=np.zeros((0, 0), bool),
            sigma=np.zeros((0, 0), np.float32),
            place_sigma=np.zeros(0, np.float32),
            first_shape=np.zeros((0, 0, 3), np.float32),
            first_rotation=np.zeros((0, 3, 3), np.float32),
            skeleton=numbers.astype(np.int32),
            instance_id=numbers.astype(np.int32),
            external=numbers.astype(np.int32),
            seen_ns=numbers,
            born_ns=numbers,
            width=numbers,
            scale_source=[],
            unit=[],
        )

    @classmethod
    def first_seen(
        cls,
        out: Lifted,
        rows: NDArray[np.int64],
        external: NDArray[np.int32],
        skeleton: NDArray[np.int32],
        stamp_ns: int,
        keypoints: int,
    ) -> LiveTracks:
        """The valid instances of a frame, each as if it had never been seen before.

        Their ``first_rotation`` is left to the tracker: it costs more than all the rest, and only
        those need it who are new.

        Args:
            out: The frame, B instances.
            rows: (T,), those of it that are valid.
            external: (T,).
            skeleton: (B,).
            stamp_ns: Of the frame.
            keypoints: K, at least that of the frame.
        """
        wide: tuple[NDArray[Any], ...] = (out.points, out.known, out.sigma)
        rest: tuple[NDArray[Any], ...]
        rest = (out.middle, skeleton, out.place_sigma)
        sources, units = out.scale_source, out.unit
        if len(rows) < len(out.valid):
            wide = tuple(values[rows] for values in wide)
            rest = tuple(values[rows] for values in rest)
            sources, units = ([values[row] for row in rows.tolist()] for values in (sources, units))
        if keypoints > out.points.shape[1]:
            wide = tuple(fitted(values, 1, keypoints) for values in wide)
        points, known, sigma = wide
        root, skeleton, place_sigma = rest
        seen = Sighting.of(points, root, known)
        numbers = np.empty((3, len(rows)), np.int64)
        numbers[:2], numbers[2] = stamp_ns, out.points.shape[1]
        return cls(
            motion=at_rest(seen.rows),
            radius=seen.radius,
            placed=seen.placed,
            known=known,
            sigma=sigma,
            place_sigma=place_sigma,
            first_shape=seen.rows[:, 1:],
            first_rotation=np.zeros((len(rows), 3, 3), np.float32),
            skeleton=skeleton,
            # Until the tracker gives them theirs.
            instance_id=external.copy(),
            external=external,
            seen_ns=numbers[0],
            born_ns=numbers[1],
            width=numbers[2],
            scale_source=sources,
            unit=units,
        )

    def __len__(self) -> int:
        return len(self.radius)

    @property
    def keypoints(self) -> int:
        """K."""
        return self.known.shape[1]

    def only(self, rows: NDArray[np.int64]) -> LiveTracks:
        """Some of them, in the order of ``rows``."""
        return LiveTracks(
            **{name: _picked(name, value, rows) for name, value in self._values().items()}
        )

    def joined(self, others: LiveTracks) -> LiveTracks:
        """These and others behind them, of the same K."""
        theirs = others._values()
        return LiveTracks(
            **{name: _joined(name, value, theirs[name]) for name, value in self._values().items()}
        )

    def resized(self, keypoints: int) -> LiveTracks:
        """The same with another K; what is cut off must not be known."""
        if keypoints == self.keypoints:
            return self
        return replace(
            self,
            motion=fitted(self.motion, 2, keypoints + 1),
            known=fitted(self.known, 1, keypoints),
            sigma=fitted(self.sigma, 1, keypoints),
            first_shape=fitted(self.first_shape, 1, keypoints),
        )

    def age(self, stamp_ns: int) -> NDArray[np.float32]:
        """Seconds (T,) since each was seen first; 0 for frames that were taken before."""
        return np.maximum((stamp_ns - self.born_ns) * 1e-9, 0).astype(np.float32)

    def unseen(self, stamp_ns: int) -> NDArray[np.float32]:
        """Seconds (T,) since each was seen last."""
        return ((stamp_ns - self.seen_ns) * 1e-9).astype(np.float32)

    def continue_all(self, before: LiveTracks, motion: NDArray[np.float32]) -> None:
        """Make these the instances that they were before, row by row, with their new motion."""
        self.motion = motion
        self.radius, self.born_ns = before.radius, before.born_ns
        self.first_shape, self.first_rotation = before.first_shape, before.first_rotation

    def continue_some(
        self, rows: NDArray[np.int64], before: LiveTracks, motion: NDArray[np.float32]
    ) -> None:
        """Make some of these, at ``rows``, the instances that they were before."""
        self.motion[:, rows] = motion
        self.radius[rows], self.born_ns[rows] = before.radius, before.born_ns
        self.first_shape[rows] = before.first_shape
        self.first_rotation[rows] = before.first_rotation

    def motion_around_the_known(self, now: LiveTracks) -> NDArray[np.float32]:
        """The motion of these around the middle of what is known of the same instances now.

        What was not known before is taken to rest where it is now. Otherwise a keypoint that comes
        or goes would drag the middle, and with it all others.
        """
        motion, changed = self.motion.copy(), self.known != now.known
        rows = np.flatnonzero(changed.any(1))
        motion[1, :, 1:][changed] = 0.0
        known, motion[0, rows] = now.known[rows], now.motion[0, rows]
        before, _ = together(self.motion[0, rows], self.placed[rows])
        measured, _ = together(now.motion[0, rows], now.placed[rows])
        points = np.where(self.known[rows, :, None], before, measured)
        seen = Sighting.of(points, centroid(points, known).astype(np.float32), known)
        alike = seen.placed == now.placed[rows]
        motion[0, rows[alike]] = seen.rows[alike]
        return motion

    def units(self) -> NDArray[np.float32]:
        """Length of one radius in each row of the motion, shape (T, 1 + K, 1)."""
        return radius_in_rows(self.motion[0], self.radius, self.placed)

    def expected(self, seconds: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where they should be so many seconds (T,) after they were seen, (T, 1 + K, 3)."""
        if max(seconds.tolist(), default=0.0) <= _LIMBS_GO_ON:
            return predicted(self.motion, seconds[:, None, None])
        reach = np.empty((len(self), self.motion.shape[2], 1), np.float32)
        reach[:] = np.minimum(seconds, _LIMBS_GO_ON)[:, None, None]
        reach[:, 0, 0] = np.minimum(seconds, _ROOT_GOES_ON)
        return predicted(self.motion, reach)

    def _values(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


def fitted(values: NDArray[Any], axis: int, length: int) -> NDArray[Any]:
    """The array with zeros behind it, or its end cut off, along one axis."""
    missing = length - values.shape[axis]
    if missing <= 0:
        return np.take(values, range(length), axis) if missing else values
    return np.pad(values, [(0, missing if i == axis else 0) for i in range(values.ndim)])


def _picked(name: str, value: Any, rows: NDArray[np.int64]) -> Any:
    if isinstance(value, list):
        return [value[row] for row in rows.tolist()]
    return value[:, rows] if name == "motion" else value[rows]


def _joined(name: str, value: Any, other: Any) -> Any:
    if isinstance(value, list):
        return value + other
    return np.concatenate([value, other], 1 if name == "motion" else 0)
