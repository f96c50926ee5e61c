"""Who is in the scene, when, and where: the roles of the built-in scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.scene import person, quadruped
from lfm_ros.scene.arm import ARM
from lfm_ros.scene.chair import CHAIR
from lfm_ros.scene.hand import HAND
from lfm_ros.scene.motion import wave
from lfm_ros.scene.person import PERSON
from lfm_ros.scene.quadruped import QUADRUPED
from lfm_ros.scene.rig import Rig
from lfm_ros.scene.stage import CAMERA_HEIGHT, Circle, yawed

Placement = tuple[NDArray[np.float64], NDArray[np.float64]]

RIGS: dict[str, Rig] = {rig.name: rig for rig in (PERSON, HAND, QUADRUPED, ARM, CHAIR)}

# People walk on one circle, opposite each other, and the animal trots inside it.
_MIDDLE = (4.6, 0.0)
_PEOPLE = Circle(_MIDDLE, 1.25, person.SPEED, start=np.pi)
_OTHERS = Circle(_MIDDLE, 1.25, person.SPEED, start=0.0)
_ANIMAL = Circle(_MIDDLE, 0.65, quadruped.SPEED, start=1.0)


@dataclass(frozen=True)
class Role:
    """One part in the scene, played again and again by another body of the same rig.

    Attributes:
        rig: What plays it.
        place: Seconds to the root's world position (3,) and rotation (3, 3).
        period: Seconds from one entrance to the next.
        present: Seconds that it stays; as long as the period: it never leaves.
        entrance: Second of the first entrance after time 0, or before it.
    """

    rig: Rig
    place: Callable[[float], Placement]
    period: float = 60.0
    present: float = 60.0
    entrance: float = 0.0

    def visit(self, seconds: float) -> int | None:
        """Number of the visit at this time; None while nobody plays the role."""
        if self.present >= self.period:
            return 0
        number, since = divmod(seconds - self.entrance, self.period)
        return int(number) if since < self.present else None


def _hand(seconds: float) -> Placement:
    """Held up in front of the camera, to its right, fingers up, palm to the camera."""
    near = 0.72 - 0.06 * wave(seconds / 7.0)
    position = np.array([near, -0.3 - 0.03 * wave(seconds / 5.0), CAMERA_HEIGHT - 0.2])
    turn = 0.5 * wave(seconds / 6.1 + 0.2)
    return position, yawed(np.pi + turn, -1.35 + 0.12 * wave(seconds / 3.7), 0.15)


def _arm(_: float) -> Placement:
    """Bolted to a plinth on the left; the camera looks at it from its front."""
    return np.array([3.0, 1.45, 0.6]), yawed(-2.2)


def _chair(seconds: float) -> Placement:
    """Pushed to and fro and turned on the right."""
    position = np.array([3.2 + 0.12 * wave(seconds / 9.0), -1.65, 0.0])
    return position, yawed(2.3 + 0.9 * wave(seconds / 12.0))


ROLES: tuple[Role, ...] = (
    Role(PERSON, _PEOPLE.at),
    Role(HAND, _hand, period=23.0, present=17.0, entrance=-3.0),
    Role(QUADRUPED, _ANIMAL.at, period=19.0, present=14.5, entrance=-1.0),
    Role(ARM, _arm, period=41.0, present=37.0, entrance=-8.0),
    Role(CHAIR, _chair, period=29.0, present=25.0, entrance=-5.0),
    Role(PERSON, _OTHERS.at, period=17.0, present=8.0, entrance=5.0),
)
