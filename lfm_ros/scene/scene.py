"""The built-in scene: several kinds of moving objects in one picture, with the truth behind it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.cast import RIGS, ROLES, Role
from lfm_ros.scene.detector import Detector
from lfm_ros.scene.frame import Frame, Seen
from lfm_ros.scene.stage import CAMERA, UP, in_image, to_camera

Array = NDArray[np.float64]

# Of the rigs' own variety of bodies: giants and dwarfs would leave the picture.
_VARIETY = 0.5


class Scene:
    """A person walking, a hand, a trotting animal, a robot arm and a chair, and who else comes by.

    Everything is a function of the seed and the time, so frames can be asked for in any order.

    Args:
        seed: Other seeds give other bodies, other phases of the motions and other noise.
        noise: False gives exact projections, confidence 1 and no dropouts; what is outside the
            image is missing either way.
    """

    def __init__(self, seed: int = 0, noise: bool = True) -> None:
        self.seed = int(seed)
        self.camera: Intrinsics = CAMERA
        self.skeletons: list[Skeleton] = [rig.skeleton for rig in RIGS.values()]
        self.up: Array = UP.copy()
        self._detector = Detector(self.seed) if noise else None
        self._width = max(len(skeleton) for skeleton in self.skeletons)
        self._body = lru_cache(maxsize=256)(self._new_body)

    def frame(self, seconds: float) -> Frame:
        """What the camera sees at a time in seconds; at least one instance, always."""
        if not np.isfinite(seconds):
            raise InputError(f"time is {seconds}; give seconds as a finite number")
        visits = [(number, role, role.visit(seconds)) for number, role in enumerate(ROLES)]
        here = [(number, role, visit) for number, role, visit in visits if visit is not None]
        seen = [self._seen(number, role, visit, seconds) for number, role, visit in here]
        return Frame.assemble(seen, self._width)

    def _seen(self, number: int, role: Role, visit: int, seconds: float) -> Seen:
        instance_id = self._instance_id(number, visit)
        truth = self._truth(number, role, visit, seconds)
        pixels = self.camera.project(truth)
        confidence = np.ones(len(pixels))
        if self._detector:
            pixels, confidence = self._detector.observe(pixels, instance_id, seconds)
        confidence = np.where(in_image(pixels, truth[:, 2]), confidence, 0.0)
        skeleton = list(RIGS).index(role.rig.name)
        return Seen(instance_id, skeleton, pixels, confidence, truth, np.ones(len(truth), bool))

    def _truth(self, number: int, role: Role, visit: int, seconds: float) -> Array:
        """Keypoints (K, 3) of one role in the camera's optical frame, metres."""
        body, shift = self._body(number, visit)
        position, rotation = role.place(seconds)
        angles = role.rig.motion(np.array([seconds + shift]))
        return to_camera(role.rig.keypoints(angles, body, rotation[None])[0] + position)

    def _new_body(self, number: int, visit: int) -> tuple[Array, float]:
        """Proportions (1, J, 3) of who plays a role in one visit, and its motion's time shift."""
        rng = np.random.default_rng([part % 2**63 for part in (self.seed, 0, number, visit)])
        return RIGS[ROLES[number].rig.name].bodies(1, rng, _VARIETY), float(rng.uniform(0.0, 60.0))

    @staticmethod
    def _instance_id(number: int, visit: int) -> int:
        # Visits before time 0 count down from -1; folding them in keeps every id unique and >= 0.
        folded = 2 * visit if visit >= 0 else -2 * visit - 1
        return (number + len(ROLES) * folded) % 2**31
