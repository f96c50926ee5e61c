"""ONNX Runtime computes what torch computes, at every size of call, from the weights that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros.models import INPUTS, available, load_model
from training import checkpoint
from training.export import TOLERANCE, example

pytestmark = pytest.mark.parity
WEIGHTS = Path(__file__).resolve().parents[1] / "training" / "weights"
BATCHES, KEYPOINTS = (1, 2, 10, 64), (2, 17, 33, 68, 133, 256)
QUICK = 1500  # tokens of a call that every run can afford


def size(batch, keypoints):
    marks = [] if batch * keypoints <= QUICK else [pytest.mark.slow]
    return pytest.param(batch, keypoints, marks=marks)


@pytest.fixture(scope="module", params=available())
def model(request):
    """The network in torch, and its files in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    folder = load_model(request.param)
    sessions = {
        role: onnxruntime.InferenceSession(str(folder.path(role)), options) for role in TOLERANCE
    }
    return checkpoint.load_weights(WEIGHTS / request.param)[0], sessions


@torch.no_grad()
def compare(model, inputs):
    network, sessions = model
    expected = [value.numpy() for value in network(*(inputs[name] for name in INPUTS))]
    given = {name: value.numpy() for name, value in inputs.items()}
    for role, session in sessions.items():
        for value, truth in zip(session.run(None, given), expected, strict=True):
            # With 256 keypoints two orders of summation differ by 1e-5 of the largest value.
            largest = max(1.0, np.abs(truth).max())
            np.testing.assert_allclose(value / largest, truth / largest, 0, TOLERANCE[role], role)


@pytest.mark.parametrize(("batch", "keypoints"), [size(b, k) for b in BATCHES for k in KEYPOINTS])
def test_random_rigs_and_masks(model, batch, keypoints):
    compare(model, example(batch, keypoints, min(batch, 5), seed=batch + keypoints))


@pytest.mark.parametrize("keypoints", [2, 17, 133])
def test_instances_without_any_keypoint(model, keypoints):
    inputs = example(3, keypoints, 2, seed=keypoints)
    inputs["confidence"][:] = 0
    compare(model, inputs)


def test_a_rig_without_edges_and_one_with_all(model):
    inputs = example(4, 12, 2, seed=1)
    inputs["adjacency"][0] = 0
    inputs["adjacency"][1] = 1 - torch.eye(12)
    compare(model, inputs)
