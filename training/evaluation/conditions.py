"""What the lifter is shown and told: the rule, one thing changed at a time, and sweeps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lfm_ros import Intrinsics
from training.cameras import ViewConfig

CAMERA = Intrinsics([[1000, 0, 640], [0, 1000, 360], [0, 0, 1]], (1280, 720))
# Upright perspective views at 3 to 8 radii are the rule that figures are quoted for. All of it is
# said here, so that figures can be compared whatever views a network is trained on.
UPRIGHT = ViewConfig(
    elevation=(-20.0, 60.0), roll=15.0, tumbled=0.0, distance=(3.0, 8.0), off_axis=0.35
)


@dataclass(frozen=True)
class Condition:
    """What the lifter is shown and told."""

    views: ViewConfig = UPRIGHT
    edges: bool = True
    sides: bool = True
    """Whether the skeleton says what is left and what is right."""
    camera: bool = True
    up: bool = True
    noise: float = 0.0
    """Standard deviation of Gaussian noise in each direction, a share of the 2D radius."""
    hidden: float = 0.0
    """Share of the keypoints hidden, at least four kept."""
    occluder: str = "scattered"
    """Which keypoints go first: ``scattered``, ``contiguous`` (the nearest to one of them), or
    ``half`` (all on one side)."""


CONDITIONS = {
    "upright": Condition(),
    "no_edges": Condition(edges=False),
    "no_sides": Condition(sides=False),
    "no_camera": Condition(camera=False),
    "no_up": Condition(up=False),
    "pixels_alone": Condition(edges=False, camera=False, up=False),
    "any_orientation": Condition(views=replace(UPRIGHT, tumbled=1.0)),
    "noise_2": Condition(noise=0.02),
    "hidden_40": Condition(hidden=0.4),
}


def _from(distance: float) -> Condition:
    return Condition(views=replace(UPRIGHT, distance=(distance, distance)))


#: Name of a sweep -> level -> condition. Levels are per cent, or distances in radii.
SWEEPS = {
    "occlusion": {str(n): Condition(hidden=n / 100) for n in (0, 20, 40, 60, 80)},
    "occluder": {
        "scattered_60": Condition(hidden=0.6),
        "contiguous_60": Condition(hidden=0.6, occluder="contiguous"),
        "half_body": Condition(hidden=0.5, occluder="half"),
    },
    "noise": {str(n): Condition(noise=n / 100) for n in (0, 1, 2, 3, 5)},
    "distance": {str(n): _from(n) for n in (2, 3, 5, 8, 20, 50)},
}
