"""Causal filters over many points at once, each with its own true time step.

A state is one array (2, B, N, 3): where the N points of B instances are, and how fast they move.
Both filters keep the same state, so one can take over from the other. Lengths are in whatever unit
the caller likes; what a filter must know of size comes in units of the object's radius.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError

Floats = NDArray[np.floating]

_TURN = 2 * np.pi


class PointFilter(Protocol):
    """What makes steady points of noisy ones."""

    @property
    def root_doubt(self) -> tuple[float, float]:
        """The doubt, see ``step``, of where an object is: across the view, and along it.

        From frame to frame a lifted person's bearing moves by 0.004 radii and the distance by 0.05
        to 0.11, where an ordinary keypoint moves by 0.016.
        """
        ...

    def step(
        self, state: Floats, measured: Floats, seconds: Floats, doubt: Floats, unit: Floats
    ) -> Floats:
        """The state after a measurement.

        Args:
            state: Shape (2, B, N, 3), position and velocity at the measurement before this one.
            measured: Shape (B, N, 3).
            seconds: Above 0, since the measurement before, shape (B, 1, 1).
            doubt: Above 0, broadcast to (B, N, 3): how many times less exact a coordinate is than
                an ordinary one. 1 is an ordinary one; doubtful ones are smoothed more.
            unit: Length of one radius in the unit of the state, broadcast to (B, N, 3).

        Returns:
            A new array (2, B, N, 3).
        """
        ...


def at_rest(measured: Floats) -> Floats:
    """The state (2, B, N, 3) of points (B, N, 3) of which nothing was known before."""
    state = np.empty((2, *measured.shape), measured.dtype)
    state[0], state[1] = measured, 0.0
    return state


def predicted(state: Floats, seconds: Floats) -> Floats:
    """Where points will be if they go on as they did, shape (B, N, 3).

    Args:
        state: Shape (2, B, N, 3).
        seconds: How long they go on, broadcast to (B, N, 3).
    """
    return state[0] + state[1] * seconds


@dataclass(frozen=True)
class Unsmoothed:
    """No smoothing: points as they were measured, and a velocity to predict lost ones with.

    Attributes:
        cutoff: Of the velocity's low-pass filter, Hz.
        root_doubt: Of no account.
    """

    cutoff: float = 2.0
    root_doubt: tuple[float, float] = (1.0, 1.0)

    def step(
        self, state: Floats, measured: Floats, seconds: Floats, doubt: Floats, unit: Floats
    ) -> Floats:
        """See ``PointFilter``."""
        made = np.empty_like(state)
        velocity = (measured - state[0]) / seconds
        made[0] = measured
        made[1] = state[1] + _low_pass(self.cutoff * seconds) * (velocity - state[1])
        return made


@dataclass(frozen=True)
class OneEuro:
    """A low-pass filter that opens up as a point gets faster.

    Source: G. Casiez, N. Roussel, D. Vogel, 1 € Filter: a simple speed-based low-pass filter for
    noisy input in interactive systems, CHI 2012, Eq. 2 to 6. Here the speed is in radii a second,
    so that a fly and a car need no settings of their own, and doubt divides the cutoff.

    Attributes:
        min_cutoff: Cutoff of a point at rest, Hz.
        beta: Hz that the cutoff rises for one radius a second.
        speed_cutoff: Cutoff of the speed's own low-pass filter, Hz.
        root_doubt: See ``PointFilter``.
    """

    min_cutoff: float = 2.0
    beta: float = 6.0
    speed_cutoff: float = 1.5
    # More would be steadier still. But a low-pass filter is late: with 20, whoever walks towards
    # the camera would be told 0.1 s and 15 cm too far away, now he is 0.04 s.
    root_doubt: tuple[float, float] = (0.25, 4.0)

    def step(
        self, state: Floats, measured: Floats, seconds: Floats, doubt: Floats, unit: Floats
    ) -> Floats:
        """See ``PointFilter``."""
        made = np.empty_like(state)
        offset = measured - state[0]
        speed_gain = _low_pass(self.speed_cutoff * seconds)
        made[1] = state[1] + speed_gain * (offset / seconds - state[1])
        cutoff = (self.min_cutoff + self.beta * np.abs(made[1]) / unit) / doubt
        made[0] = state[0] + _low_pass(cutoff * seconds) * offset
        return made


@dataclass(frozen=True)
class ConstantVelocity:
    """A Kalman filter for constant velocity and white acceleration, in its steady state.

    Its gains follow in closed form from the time step and the doubt of each coordinate, so it keeps
    no covariances. Source: P. R. Kalata, The tracking index: a generalized parameter for α-β and
    α-β-γ target trackers, IEEE Trans. Aerospace and Electronic Systems 20(2), 1984.

    Attributes:
        acceleration: Standard deviation, radii a second squared.
        jitter: Standard deviation of an ordinary coordinate from frame to frame, radii.
        root_doubt: See ``PointFilter``.
    """

    acceleration: float = 8.0
    jitter: float = 0.016
    # It knows the velocity, so whoever walks is where he is, however much it doubts; but hands turn
    # back sooner than it reckons with, and with 20 their distance would be 0.3 s late.
    root_doubt: tuple[float, float] = (0.25, 3.0)

    def step(
        self, state: Floats, measured: Floats, seconds: Floats, doubt: Floats, unit: Floats
    ) -> Floats:
        """See ``PointFilter``."""
        index = (self.acceleration / self.jitter) * seconds * seconds / doubt
        damping = (4.0 + index - np.sqrt(index * (8.0 + index))) / 4.0
        rest = damping * damping
        made = np.empty_like(state)
        expected = predicted(state, seconds)
        offset = measured - expected
        made[0] = expected + (1.0 - rest) * offset
        # β = 2 (2 - α) - 4 √(1 - α), with α = 1 - damping².
        made[1] = state[1] + (2.0 * (1.0 - damping) ** 2) / seconds * offset
        return made


FILTERS: dict[str, type[PointFilter]] = {
    "none": Unsmoothed,
    "one_euro": OneEuro,
    "constant_velocity": ConstantVelocity,
}


def filter_named(name: str) -> PointFilter:
    """The filter with its usual settings.

    Raises:
        InputError: There is none of that name.
    """
    if name not in FILTERS:
        raise InputError(f"smoothing is {name!r}; choose one of {', '.join(FILTERS)}")
    return FILTERS[name]()


def _low_pass(turns: Floats) -> Floats:
    """Share of a step that a low-pass filter follows at once; ``turns`` is cutoff times step."""
    angle = _TURN * turns
    return angle / (angle + 1.0)
