"""What a camera's tilt costs that is not told, on walks of the built-in scene."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: the extra train")

from lfm_ros.core.errors import InputError
from lfm_ros.scene.person import PERSON
from training.evaluation.tilt import TiltConfig, measure, table

# Of the scene's person, as a Kinect names them; the hips' middle comes on top.
_LIMBS = {"Hip": "hip", "Knee": "knee", "Ankle": "ankle", "Foot": "toe"}
_LIMBS |= {"Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "wrist"}
_TRUNK = {"Spine": "waist", "ShoulderCenter": "neck", "Head": "nose"}


def _walk(path):
    """Four seconds in sequences of a third of a second."""
    xyz = PERSON.keypoints(PERSON.motion(np.arange(120) / 30.0))
    own = {name: xyz[:, i] for i, name in enumerate(PERSON.skeleton.names)}
    sides = {"Left": "left", "Right": "right"}
    places = {f"{n}{s}": own[f"{side}_{o}"] for n, o in _LIMBS.items() for s, side in sides.items()}
    places |= {name: own[other] for name, other in _TRUNK.items()}
    places["HipCenter"] = (own["left_hip"] + own["right_hip"]) / 2
    path.parent.mkdir()
    np.savez(
        path,
        xyz=np.stack(list(places.values()), 1).astype(np.float32),
        names=np.array(list(places)),
        edges=np.zeros((0, 2), int),
        sequence=np.arange(120) // 10,
        up="+z",
    )


def test_a_tilt_that_is_told_costs_less(tmp_path):
    _walk(tmp_path / "human" / "walk.npz")
    found = measure(TiltConfig(tmp_path, model="lfm_tiny", frames=20))
    assert found[0]["not told"] == found[0]["told"]
    assert found[30]["told"] < 0.8 * found[30]["not told"]
    assert len(table(found).splitlines()) == 1 + len(found)


def test_without_people_there_is_nothing_to_measure(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        measure(TiltConfig(tmp_path / "nowhere"))
