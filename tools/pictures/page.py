"""The text of docs/gallery.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.pictures.cases import Failure, Series
from tools.pictures.wrong_size import SHARE, Child

Figures = dict[str, float]

_HEAD = """\
# Gallery

What `{model}` makes of 2D keypoints, good and bad. Grey is the truth, blue is what was lifted,
hollow keypoints were hidden from the network, thin orange lines join what belongs together. Only
place and size are aligned: a wrong orientation shows, as it would on a robot. Errors are mean
distances in per cent of the object's radius. Truth is projected by a camera and lifted again;
each set has {frames} views of frames that were kept out of training (how: [training](training.md)).

Made by `python -m tools.pictures.gallery --data DIR`; do not edit it by hand.

## Best, median and worst

Upright views from all around, every keypoint seen, skeleton, camera and gravity told: the
conditions of the figures in the README. First as the camera sees it, then from the side, the camera
to the left.
"""

_CHILD = """\
### A nominal size that is wrong

![A child lifted with the size of an adult](gallery/wrong_size.png)

A child of {share:.0f} % of an adult's height, {real:.1f} m away, lifted with the skeleton's nominal
size: it comes out as an adult {nominal:.1f} m away, with its feet below the floor, and the pixels
agree perfectly. Given its own size it is at {known:.1f} m. One camera alone cannot know;
a depth image, the floor or a known length can (see [parameters](parameters.md)).

Own kinematics (`lfm_ros/scene/person.py`).
"""


def gallery(
    model: str,
    frames: int,
    good: Sequence[tuple[Series, Figures]],
    bad: Sequence[tuple[Failure, Figures]],
    child: Child,
) -> str:
    """The whole page."""
    parts = [_HEAD.format(model=model, frames=frames)]
    parts += [_good(case, figures) for case, figures in good]
    parts.append("## Where it fails\n")
    parts += [_bad(case, figures) for case, figures in bad]
    parts.append(_child(child))
    return "\n".join(parts)


def _good(case: Series, figures: Figures) -> str:
    errors = ", ".join(f"{name} {error:.1f} %" for name, error in figures.items())
    return (
        f"### {case.title}\n\n![{case.title}: {errors}](gallery/{case.file}.png)\n\n"
        f"Poses: {case.credit}.\n"
    )


def _bad(case: Failure, figures: Figures) -> str:
    return (
        f"### {case.title}\n\n![{case.title}](gallery/{case.file}.png)\n\n{case.why}\n\n"
        f"Shown is {case.picked}: {figures['this']:.1f} % in the camera's frame, "
        f"{figures['aligned']:.1f} % after Procrustes, {figures['mirrored']:.1f} % if it may be "
        f"mirrored too. Of all views under these conditions the median is "
        f"{figures['median']:.1f} %, the worst {figures['worst']:.1f} %.\n\n"
        f"Poses: {case.credit}.\n"
    )


def _child(child: Child) -> str:
    away = {
        name: float(np.linalg.norm(points.mean(0)))
        for name, points in (
            ("real", child.truth), ("nominal", child.nominal), ("known", child.known)
        )
    }  # fmt: skip
    return _CHILD.format(share=100 * SHARE, **away)
