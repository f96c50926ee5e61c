"""Sizes that calls are padded to, and where tensors lie."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lfm_ros.engines import profiles
from lfm_ros.engines.buckets import Layout, Tensor, bucket, padded_into


def test_a_bucket_holds_the_call_and_its_profile_holds_the_bucket():
    for keypoints in range(1, profiles.MOST_KEYPOINTS + 1):
        padded = bucket(1, keypoints, 1).keypoints
        most = profiles.split(10_000, padded)[0].stop
        for batch in {1, 2, 3, 17, 63, 64, 65, 100, 200, most - 1, most} & set(range(1, most + 1)):
            size = bucket(batch, keypoints, min(batch, 3))
            assert (size.batch >= batch, size.keypoints >= keypoints) == (True, True)
            chosen = profiles.PROFILES[profiles.choose(size.batch, size.keypoints)]
            assert size.rigs <= max(chosen.highest.batch, 1)


def test_few_sizes_serve_all_and_a_crowd_pays_little_for_it():
    frames = {bucket(batch, 17, 1) for batch in range(1, 65)}
    assert len(frames) == 7
    crowds = sorted({bucket(batch, 17, 1).batch for batch in range(64, 1025)})
    assert max(b / a for a, b in pairwise(crowds)) <= 1.25
    rigs = sorted({bucket(1, keypoints, 1).keypoints for keypoints in range(2, 257)})
    assert len(rigs) < 26


def test_tensors_lie_behind_one_another_and_are_aligned():
    shapes = {"a": ((3, 5), "f4"), "b": ((2,), "i8"), "c": ((), "f4")}
    layout = Layout(Tensor(name, shape, np.dtype(d)) for name, (shape, d) in shapes.items())
    block = np.zeros(layout.size, np.uint8)
    views = layout.views(block)
    assert all(offset % 256 == 0 for offset in layout.offsets.values())
    views["a"][...] = np.arange(15).reshape(3, 5)
    views["b"][...] = -1
    assert views["a"].sum() == 105
    assert block[256:272].tolist() == [255] * 16
    assert block[272:].sum() == 0
    assert views["c"].shape == ()


@pytest.mark.parametrize("shape", [(2, 3), (4, 6), (0, 3)])
def test_what_is_padded_is_zero(shape):
    view = np.full((4, 6), 7.0)
    padded_into(view, np.ones(shape))
    assert view.sum() == shape[0] * shape[1]
    assert (view[: shape[0], : shape[1]] == 1).all()
