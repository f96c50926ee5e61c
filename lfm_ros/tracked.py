"""What comes out of the tracker."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.bearing import together
from lfm_ros.core.identities import UNNAMED
from lfm_ros.core.orientation import turned_since
from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.core.rigid import Rigid
from lfm_ros.first_seen import FindFirst, FirstSeen, first_of, first_turned
from lfm_ros.lifted import Lifted, told
from lfm_ros.live_tracks import LiveTracks, fitted

# Radii that a prediction may be wrong by after a second.
_WANDERS = 0.5

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Tracked:
    """The instances of one moment: those of the frame in its order, then those that are predicted.

    Attributes:
        instance_id: (B,) int32, who it is. -1 for a row that is not valid and that the detector
            did not name.
        row: (B,) int64, row of ``Lifted`` that an instance was seen in; -1 if it is predicted.
        predicted: (B,) bool: not seen in this frame; where it should be by now.
        age: (B,) seconds since it was first seen; 0 in its first frame.
        skeleton: (B,) int32, the rig, as the caller numbers rigs.
        points: (B, K, 3), smoothed; frame and unit as in ``Lifted``. K is that of the frame, or
            larger where a predicted instance has more keypoints.
        sigma: (B, K). Of predicted instances it grows with time.
        place_sigma: (B,), expected error of ``middle``; it grows likewise.
        observed: (B, K) bool, False in predicted instances.
        known: (B, K) bool, as in ``Lifted``.
        valid: (B,) bool; rows that are not valid hold zeros.
        middle: (B, 3), mean of the known points, smoothed by itself.
        scale_source: B strings, as in ``Lifted``.
        unit: B strings, as in ``Lifted``.
        find_first: Works ``first`` out.
        restarted: Time jumped, so everything before this frame was forgotten.
    """

    instance_id: NDArray[np.int32]
    row: NDArray[np.int64]
    predicted: NDArray[np.bool_]
    age: Float
    skeleton: NDArray[np.int32]
    points: Float
    sigma: Float
    place_sigma: Float
    observed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    middle: Float
    scale_source: list[str]
    unit: list[str]
    find_first: FindFirst
    restarted: bool = False

    def __len__(self) -> int:
        return len(self.instance_id)

    def __repr__(self) -> str:
        ids = ", ".join(str(i) for i in self.instance_id.tolist())
        return f"Tracked(ids [{ids}], {told(self.points, self.valid, self.scale_source)})"

    @cached_property
    def first(self) -> FirstSeen:
        """How each was in its first frame, worked out only when it is asked for."""
        return self.find_first()

    @property
    def first_shape(self) -> Float:
        """(B, K, 3), points less ``middle`` in its first frame, zeros where nothing was known."""
        return self.first.shape

    @property
    def first_rotation(self) -> Float:
        """(B, 3, 3), ``Lifted.rotation`` in its first frame."""
        return self.first.rotation

    @cached_property
    def orientation(self) -> Float:
        """(B, 3, 3), how each was turned in its first frame, and since then as its points have.

        As steady as the points are, which ``Lifted.rotation`` is not: from frame to frame the
        network chooses its canonical directions anew. Worked out only when it is asked for.
        """
        return self.orientation_of(np.arange(len(self))).astype(np.float32)

    def orientation_of(self, rows: NDArray[np.intp]) -> NDArray[np.floating]:
        """``orientation`` of some instances, (R, 3, 3)."""
        first = self.first_shape[rows]
        turn = turned_since(first, self.points[rows], self.known[rows] & first.any(-1))
        return turn @ self.first_rotation[rows]

    def moved(self, to_target: Rigid) -> Tracked:
        """The same in another frame than the camera's; rows that are not valid stay as they are.

        What the instances first were is turned too, so that ``orientation`` is what it would have
        been in the camera's frame, turned.
        """
        rows = self.valid
        return replace(
            self,
            points=_with(self.points, rows, to_target.apply(self.points[rows])),
            middle=_with(self.middle, rows, to_target.apply(self.middle[rows])),
            find_first=partial(first_turned, self.find_first, to_target.rotation, rows),
        )

    def beside(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the frame's keypoints in the shape of ``known``; 0 where nothing was seen.

        Args:
            values: In the rows and columns of ``Lifted``.
        """
        if values.shape == self.known.shape and not self.predicted.any():
            return values
        made = np.zeros(self.known.shape, values.dtype)
        seen = np.flatnonzero(self.row >= 0)
        made[seen] = fitted(values[self.row[seen]], 1, made.shape[1])
        return made


def untracked(out: Lifted, ids: NDArray[np.int32], skeleton: NDArray[np.int32]) -> Tracked:
    """A frame on its own.

    Args:
        out: What was lifted, B instances.
        ids: The detector's, shape (B,); -1 becomes the number of the row.
        skeleton: Shape (B,).
    """
    rows = np.arange(len(ids))
    return Tracked(
        instance_id=np.where(ids == UNNAMED, rows, ids).astype(np.int32),
        row=rows,
        predicted=np.zeros(len(ids), bool),
        age=np.zeros(len(ids), np.float32),
        skeleton=skeleton,
        points=out.points,
        sigma=out.sigma,
        place_sigma=out.place_sigma,
        observed=out.observed,
        known=out.known,
        valid=out.valid,
        middle=out.middle,
        scale_source=out.scale_source,
        unit=out.unit,
        find_first=partial(FirstSeen.now, out),
    )


def tracked_now(
    out: Lifted, rows: NDArray[np.int64], tracks: LiveTracks, stamp_ns: int, restarted: bool
) -> Tracked:
    """The tracks that are in the frame.

    Args:
        out: The frame.
        rows: (T,), the row of each track in it.
        tracks: T tracks, as of this frame.
        stamp_ns: Of the frame.
        restarted: Goes into the result.
    """
    points, root = together(tracks.motion[0], tracks.placed)
    if not tracks.known.all():
        lifted = fitted(out.points[rows], 1, tracks.keypoints)
        points = np.where(tracks.known[..., None], points, lifted)
    whole = len(rows) == len(out.valid)
    return Tracked(
        instance_id=tracks.instance_id,
        row=rows,
        predicted=np.zeros(len(rows), bool),
        age=tracks.age(stamp_ns),
        skeleton=tracks.skeleton,
        points=points,
        sigma=tracks.sigma,
        place_sigma=tracks.place_sigma,
        observed=fitted(out.observed if whole else out.observed[rows], 1, tracks.keypoints),
        known=tracks.known,
        valid=out.valid if whole else out.valid[rows],
        middle=root,
        scale_source=tracks.scale_source,
        unit=tracks.unit,
        find_first=partial(FirstSeen, tracks.first_shape, tracks.first_rotation),
        restarted=restarted,
    )


def tracked_ahead(tracks: LiveTracks, stamp_ns: int) -> Tracked:
    """The tracks that are not in the frame, where they should be by now."""
    seconds = tracks.unseen(stamp_ns)
    points, root = together(tracks.expected(seconds), tracks.placed)
    points = np.where(tracks.known[..., None], points, np.float32(0))
    astray = _WANDERS * tracks.radius * seconds
    count = len(tracks)
    return Tracked(
        instance_id=tracks.instance_id,
        row=np.full(count, -1, np.int64),
        predicted=np.ones(count, bool),
        age=tracks.age(stamp_ns),
        skeleton=tracks.skeleton,
        points=points,
        sigma=np.hypot(tracks.sigma, astray[:, None] * tracks.known),
        place_sigma=np.hypot(tracks.place_sigma, astray),
        observed=np.zeros_like(tracks.known),
        known=tracks.known,
        valid=np.ones(count, bool),
        middle=root,
        scale_source=tracks.scale_source,
        unit=tracks.unit,
        find_first=partial(FirstSeen, tracks.first_shape, tracks.first_rotation),
    )


def laid_out(
    seen: Tracked,
    rows: NDArray[np.int64],
    ahead: Tracked,
    external: NDArray[np.int32],
    skeleton: NDArray[np.int32],
) -> Tracked:
    """The instances of a frame at their rows, and those that are predicted.

    Who is predicted takes the place of a row that could not be lifted, if that bears its id;
    otherwise he comes behind the rows of the frame.

    Args:
        seen: T instances.
        rows: (T,), row of each in the frame.
        ahead: Who is predicted, with as many keypoints.
        external: (B,), the detector's ids of all rows of the frame.
        skeleton: (B,), their rigs.
    """
    idle = dict.fromkeys(range(len(external)))
    for row in rows.tolist():
        del idle[row]
    named = {int(external[row]): row for row in idle if external[row] != UNNAMED}
    places, total = [], len(external)
    for name in ahead.instance_id.tolist():
        place = named.get(name, total)
        total += place == total
        places.append(place)
    taken = np.array(places, np.int64)
    width = seen.points.shape[1]
    first = partial(first_of, total, width, ((rows, seen.find_first), (taken, ahead.find_first)))
    whole = _nobody(total, width, seen.restarted, first)
    whole.skeleton[: len(skeleton)] = skeleton
    others = set(seen.instance_id.tolist())
    for name, row in named.items():
        whole.instance_id[row] = UNNAMED if name in others else name
    _put(seen, rows, whole)
    _put(ahead, taken, whole)
    return whole


def _nobody(count: int, keypoints: int, restarted: bool, find_first: FindFirst) -> Tracked:
    """Rows that are not valid."""
    return Tracked(
        instance_id=np.full(count, UNNAMED, np.int32),
        row=np.arange(count, dtype=np.int64),
        predicted=np.zeros(count, bool),
        age=np.zeros(count, np.float32),
        skeleton=np.zeros(count, np.int32),
        points=np.zeros((count, keypoints, 3), np.float32),
        sigma=np.zeros((count, keypoints), np.float32),
        place_sigma=np.zeros(count, np.float32),
        observed=np.zeros((count, keypoints), bool),
        known=np.zeros((count, keypoints), bool),
        valid=np.zeros(count, bool),
        middle=np.zeros((count, 3), np.float32),
        scale_source=[SCALE_SOURCES[0]] * count,
        unit=["radius"] * count,
        find_first=find_first,
        restarted=restarted,
    )


def _with(values: Float, rows: NDArray[np.bool_], others: NDArray[np.floating]) -> Float:
    changed = values.copy()
    changed[rows] = others
    return changed


def _put(part: Tracked, places: NDArray[np.int64], whole: Tracked) -> None:
    # Nobody has no keypoints either, which fits into no place.
    if not len(places):
        return
    for item in fields(Tracked):
        target, values = getattr(whole, item.name), getattr(part, item.name)
        if isinstance(target, np.ndarray):
            target[places] = values
        elif isinstance(target, list):
            for place, value in zip(places.tolist(), values, strict=True):
                target[place] = value
