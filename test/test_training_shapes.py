"""Random objects: what holds for every design."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed here (make test installs it)")

from scipy.sparse.csgraph import connected_components

from training.data.poses import PoseSet
from training.data.sampler import PoseSampler, SamplerConfig
from training.data.shapes import FAMILY, random_shapes

SETS = list(random_shapes(60, 20).values())


def test_each_is_a_set_that_training_can_use():
    assert len(SETS) > 50
    for shape in SETS:
        count = len(shape.skeleton)
        assert 6 <= count <= 40
        assert shape.xyz.shape == (20, count, 3)
        assert np.isfinite(shape.xyz).all()
        assert connected_components(shape.skeleton.adjacency, directed=False)[0] == 1
        assert (shape.family, shape.group) == (FAMILY, "shape")
    batch = PoseSampler({s.name: s for s in SETS}, SamplerConfig(), 0, "cpu").batch()
    assert batch.valid.any(1).all()


def test_what_is_left_of_the_mirror_is_right_of_it_in_every_object():
    paired = 0
    for shape in SETS:
        for left, right in shape.skeleton.pairs or ():
            mirrored = shape.xyz[:, left] * [-1, 1, 1]
            np.testing.assert_allclose(mirrored, shape.xyz[:, right], atol=1e-5)
            paired += 2
    assert paired > 0.6 * sum(len(s.skeleton) for s in SETS)


def test_designs_differ_and_so_do_the_objects_of_one():
    # Of small ones two may be of one plan.
    assert len({(len(s.skeleton), s.skeleton.edges) for s in SETS}) > 0.9 * len(SETS)
    for shape in SETS:
        lengths = _edges(shape)
        spread = (lengths.std(0) / lengths.mean(0)).mean()
        assert 0.03 < spread < 0.8


def test_a_seed_says_everything():
    again = random_shapes(60, 20)
    for shape in SETS:
        np.testing.assert_array_equal(again[shape.name].xyz, shape.xyz)
    other = random_shapes(5, 20, seed=1)
    assert not any(np.array_equal(other[s.name].xyz, s.xyz) for s in SETS if s.name in other)


def _edges(shape: PoseSet) -> np.ndarray:
    a, b = np.array(shape.skeleton.edges).T
    return np.linalg.norm(shape.xyz[:, a] - shape.xyz[:, b], axis=-1)
