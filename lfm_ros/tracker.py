"""Identity and smoothness from frame to frame: the state in time of all but the axes of /tf."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.filters import filter_named
from lfm_ros.core.identities import UNNAMED, InstanceIds
from lfm_ros.core.tracks import Candidates, matches
from lfm_ros.lifted import Lifted
from lfm_ros.live_tracks import LiveTracks, fitted
from lfm_ros.tracked import Tracked, laid_out, tracked_ahead, tracked_now

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

#: Seconds. Detectors that work on several frames at once hand them over this much out of order;
#: stamps that go back further mean another recording, or the same one from its start.
REORDERING = 0.2
#: Seconds without any frame after which nobody is where he was.
LONGEST_GAP = 5.0

# A keypoint's sigma counts relative to those of the whole instance, within these bounds.
_LEAST_DOUBT, _MOST_DOUBT = 0.5, 4.0
_FILLED_IN_DOUBT = 2.0

_NOBODY = LiveTracks.none()


class Tracker:
    """Follows instances from frame to frame.

    Ids of the detector win where it gives any; the others are assigned by similarity of keypoints
    to where everybody should be by now. Root and shape are smoothed apart, because the distance of
    the root is several times less steady than anything else. An instance that is not seen is
    predicted for as long as it was seen, at most for ``prediction_time``, and then forgotten. For
    one stream of frames; may be called from any thread, one call at a time goes in.

    Args:
        smoothing: One of ``lfm_ros.core.filters.FILTERS``.
        strength: More than 1 smooths more and adds delay, less than 1 the other way round.
        prediction_time: Most seconds for which an instance that is not seen is predicted, and
            after which it is a new one when it comes back.

    Raises:
        InputError: There is no such smoothing, or a number is out of range.
    """

    def __init__(
        self,
        smoothing: str = "constant_velocity",
        *,
        strength: float = 1.0,
        prediction_time: float = 0.5,
    ) -> None:
        self._lock = threading.Lock()
        self._ids = InstanceIds()
        self.configure(smoothing, strength=strength, prediction_time=prediction_time)
        self.reset()

    def configure(
        self,
        smoothing: str = "constant_velocity",
        *,
        strength: float = 1.0,
        prediction_time: float = 0.5,
    ) -> None:
        """Go on with other settings; nobody is forgotten. See the class for the arguments."""
        if not 0 < strength < np.inf or not 0 <= prediction_time < np.inf:
            raise InputError(
                f"strength is {strength} and prediction_time {prediction_time}; give a strength "
                "above 0 and a time of 0 or more seconds"
            )
        chosen = filter_named(smoothing)
        with self._lock:
            self._filter, self._strength = chosen, strength
            self._prediction_ns = round(1e9 * prediction_time)

    def reset(self) -> None:
        """Forget everybody. Ids that this tracker gave are not given again all the same."""
        with self._lock:
            self._forget()

    def update(
        self,
        out: Lifted,
        stamp_ns: int,
        ids: ArrayLike | None = None,
        skeleton: ArrayLike | None = None,
    ) -> Tracked:
        """Take over a frame.

        Stamps that go back by more than ``REORDERING``, or on by more than ``LONGEST_GAP``, reset
        the tracker first. A frame that is as old as the one before, or a little older, is taken as
        it is: between two such frames nothing can be smoothed.

        Args:
            out: What was lifted, B instances. Its arrays may not be written to any more.
            stamp_ns: When the image was taken, nanoseconds of any clock.
            ids: The detector's, shape (B,); -1 for an instance that it does not name. An id that is
                there twice names nobody. None: no ids.
            skeleton: Rig of each instance as any whole number, shape (B,); only instances of the
                same rig are taken for one another. None: all are of one rig.

        Raises:
            InputError: ``ids`` or ``skeleton`` are not of shape (B,), or the stamp is not whole.
        """
        if not isinstance(stamp_ns, int | np.integer):
            raise InputError(
                f"stamp_ns is {stamp_ns!r}; give whole nanoseconds, of seconds round(1e9 * seconds)"
            )
        count = len(out.valid)
        external = _per_instance("ids", ids, count, UNNAMED)
        rigs = _per_instance("skeleton", skeleton, count, 0)
        with self._lock:
            restarted = self._has_jumped(stamp_ns)
            before = _NOBODY if restarted else self._tracks
            rows = out.valid.nonzero()[0]
            keypoints = max([out.points.shape[1], *before.width.tolist()])
            names = _single(external, rows)
            fresh = LiveTracks.first_seen(out, rows, names, rigs, stamp_ns, keypoints)
            observed = out.observed if len(rows) == count else out.observed[rows]
            observed = fitted(observed, 1, keypoints)
            old = before.resized(keypoints)
            lost = self._take_over(fresh, old, observed, stamp_ns, lambda: out.rotation[rows])
            tracked = tracked_now(out, rows, fresh, stamp_ns, restarted)
            if len(rows) < count or len(lost):
                ahead = tracked_ahead(lost.only(_sure(lost, stamp_ns)), stamp_ns)
                tracked = laid_out(tracked, rows, ahead, external, rigs)
            # Nothing is kept of a frame before all of it went well: what raises was never there.
            self._tracks = fresh.joined(lost) if len(lost) else fresh
            self._last_ns = stamp_ns
        return tracked

    def _forget(self) -> None:
        self._tracks = _NOBODY
        self._last_ns: int | None = None

    def _has_jumped(self, stamp_ns: int) -> bool:
        """Whether time jumped; then everybody is forgotten."""
        if self._last_ns is None:
            return False
        return not -REORDERING <= 1e-9 * (stamp_ns - self._last_ns) <= LONGEST_GAP

    def _take_over(
        self,
        fresh: LiveTracks,
        tracks: LiveTracks,
        observed: NDArray[np.bool_],
        stamp_ns: int,
        rotation: Callable[[], Floats],
    ) -> LiveTracks:
        """Let the instances of this frame continue their tracks, and name them.

        Args:
            fresh: Those of this frame.
            tracks: Those of the frames before.
            observed: (B, K), what was seen of those of this frame.
            stamp_ns: Of this frame.
            rotation: Finds how those of this frame are turned, for those who are new.

        Returns:
            The tracks that are not in this frame, but not given up either.
        """
        if not len(tracks):
            fresh.first_rotation = rotation()
            self._name(fresh, tracks, np.full(len(fresh), -1))
            return tracks
        seconds = tracks.unseen(stamp_ns)
        units = tracks.units()
        match = _match(fresh, tracks, units, seconds)
        if _is_steady(match, len(tracks)):
            motion = self._moved_on(fresh, tracks, units, observed, seconds)
            fresh.continue_all(tracks, motion)
            if tracks.external.tolist() == fresh.external.tolist():
                fresh.instance_id = tracks.instance_id
            else:
                self._name(fresh, tracks, match)
            return _NOBODY
        again = np.flatnonzero(match >= 0)
        if len(again) < len(fresh):
            fresh.first_rotation = rotation()
        before = match[again]
        now, old = fresh.only(again), tracks.only(before)
        motion = self._moved_on(now, old, units[before], observed[again], seconds[before])
        fresh.continue_some(again, old, motion)
        self._name(fresh, tracks, match)
        kept = stamp_ns - tracks.seen_ns <= self._prediction_ns
        kept[before] = False
        # A name is with whoever bears it now.
        kept &= ~np.isin(tracks.instance_id, fresh.instance_id)
        return tracks.only(np.flatnonzero(kept))

    def _moved_on(
        self,
        now: LiveTracks,
        old: LiveTracks,
        units: Floats,
        observed: NDArray[np.bool_],
        seconds: Floats,
    ) -> Floats:
        """The motion that becomes of ``old`` with what was measured of the same instances."""
        measured, known = now.motion[0], now.known
        step = np.maximum(seconds, 1e-3)[:, None, None]
        doubt = self._doubt(now.sigma, observed, known)
        same = known.tobytes() == old.known.tobytes()
        before = old.motion if same else old.motion_around_the_known(now)
        motion = self._filter.step(before, measured, step, doubt, units)
        if min(seconds.tolist(), default=1.0) <= 0:
            no_time = seconds <= 0
            motion[0, no_time], motion[1, no_time] = measured[no_time], old.motion[1, no_time]
        return motion

    def _doubt(
        self, sigma: Floats, observed: NDArray[np.bool_], known: NDArray[np.bool_]
    ) -> Floats:
        """What the filters are told of each coordinate, shape (B, 1 + K, 3)."""
        if known.all():
            usual = sigma.sum(1) / sigma.shape[1]
        else:
            usual = (sigma * known).sum(1) / np.maximum(known.sum(1), 1)
        relative = sigma / np.maximum(usual, 1e-12)[:, None]
        relative = np.minimum(np.maximum(relative, _LEAST_DOUBT), _MOST_DOUBT)
        if not observed.all():
            relative = np.where(observed, relative, _FILLED_IN_DOUBT * relative)
        doubt = np.empty((len(sigma), sigma.shape[1] + 1, 3), np.float32)
        across, along = self._filter.root_doubt
        doubt[:, 0, :2], doubt[:, 0, 2] = self._strength * across, self._strength * along
        doubt[:, 1:] = (self._strength * relative)[..., None]
        return doubt

    def _name(self, fresh: LiveTracks, tracks: LiveTracks, match: Indices) -> None:
        """Give every instance of this frame its id."""
        present = set(fresh.external.tolist())
        taken = set(tracks.instance_id.tolist())
        for row, track in enumerate(match.tolist()):
            external = int(fresh.external[row])
            before = int(tracks.external[track]) if track >= 0 else UNNAMED
            unnamed = external == UNNAMED
            if track >= 0 and (external == before or (unnamed and before not in present)):
                name, fresh.external[row] = int(tracks.instance_id[track]), before
            elif unnamed:
                name = self._ids.new(taken)
            else:
                name = self._ids.of_detector(external, taken)
            taken.add(name)
            fresh.instance_id[row] = name


def _per_instance(
    what: str, values: ArrayLike | None, count: int, default: int
) -> NDArray[np.int32]:
    if values is None:
        return np.full(count, default, np.int32)
    array = np.asarray(values)
    if array.dtype == np.int32 and array.shape == (count,):
        return array
    # An empty list says nothing of what it would have held.
    narrow = array.astype(np.int32) if array.dtype.kind in "iu" or not array.size else None
    if array.shape != (count,) or narrow is None or not np.array_equal(array, narrow):
        raise InputError(
            f"{what} has shape {array.shape} and type {array.dtype} for {count} instances; give "
            f"whole numbers of 32 bits in the shape ({count},)"
        )
    return narrow


def _single(external: NDArray[np.int32], rows: Indices) -> NDArray[np.int32]:
    """The ids of the rows; -1 for one that is there twice."""
    ids = external[rows]
    listed = ids.tolist()
    if len(set(listed)) < len(listed):
        count = Counter(listed)
        ids = np.array([i if count[i] == 1 else UNNAMED for i in listed], np.int32)
    return ids


def _match(fresh: LiveTracks, tracks: LiveTracks, units: Floats, seconds: Floats) -> Indices:
    """The track of each instance of this frame, or -1."""
    place = {name: i for i, name in enumerate(tracks.external.tolist()) if name != UNNAMED}
    wanted = [place.get(name, -1) for name in fresh.external.tolist()]
    return matches(
        _candidates(fresh, fresh.motion[0]),
        _candidates(tracks, tracks.expected(seconds)),
        units,
        seconds,
        wanted,
    )


def _candidates(tracks: LiveTracks, rows: Floats) -> Candidates:
    return Candidates(rows, tracks.known, tracks.skeleton, tracks.placed)


def _sure(lost: LiveTracks, stamp_ns: int) -> Indices:
    """Who was seen for as long as he has been gone: a false alarm is not spun out."""
    return np.flatnonzero(stamp_ns - lost.seen_ns <= lost.seen_ns - lost.born_ns)


def _is_steady(match: Indices, count: int) -> bool:
    return len(match) == count and match.tolist() == list(range(count))
