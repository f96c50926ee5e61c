"""An instance's own frame from its keypoints."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import rotations

from lfm_ros.core.root_frame import root_frames
from lfm_ros.core.skeleton import RootFrame

# Keypoints: left hip, right hip, neck, left shoulder, right shoulder.
ROOT = RootFrame(origin=(0, 1), z_from=(0, 1), z_to=(2,), y_from=(1, 4), y_to=(0, 3))
# A person in its own REP 103 frame: x forward, y left, z up, mid-hip at zero.
BODY = np.array([[0, 0.1, 0], [0, -0.1, 0], [0, 0, 0.5], [0.02, 0.2, 0.45], [0.02, -0.2, 0.45]])
FALLBACK = np.diag([1.0, -1.0, -1.0])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_recovers_any_pose_at_any_scale(scale):
    rotation = rotations(50, 0)
    shift = np.random.default_rng(1).normal(size=(50, 1, 3))
    origin, found = root_frames(
        scale * BODY @ rotation.swapaxes(1, 2) + shift, ROOT, np.tile(FALLBACK, (50, 1, 1))
    )
    np.testing.assert_allclose(found, rotation, atol=1e-9)
    np.testing.assert_allclose(origin, shift[:, 0], atol=1e-9 * scale)


def test_upright_person_facing_the_camera():
    # Optical frame: x right, y down, z forward. Facing the camera, left is at the image's right.
    facing = np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]], float)
    _, rotation = root_frames((BODY @ facing.T)[None], ROOT, FALLBACK[None])
    np.testing.assert_allclose(rotation[0] @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(rotation[0] @ [0, 0, 1], [0, -1, 0], atol=1e-12)


def degenerate() -> dict[str, np.ndarray]:
    neck_at_hips, flat, parallel, missing = (BODY.copy() for _ in range(4))
    neck_at_hips[2] = 0
    flat[[0, 1, 3, 4], 1] = 0
    parallel[[0, 3]] = parallel[[1, 4]] + [0, 0, 0.3]
    parallel[2] = np.add(parallel[[0, 1]].mean(0), [0, 0, 1])
    missing[2] = np.nan
    return {"z": neck_at_hips, "y": flat, "parallel": parallel, "nan": missing}


@pytest.mark.parametrize("kind", ["z", "y", "parallel", "nan"])
def test_degenerate_rows_fall_back_alone(kind):
    batch = np.stack([BODY, degenerate()[kind], BODY])
    _, rotation = root_frames(batch, ROOT, np.tile(FALLBACK, (3, 1, 1)))
    np.testing.assert_array_equal(rotation[1], FALLBACK)
    np.testing.assert_allclose(rotation[[0, 2]], np.tile(np.eye(3), (2, 1, 1)), atol=1e-12)


def test_what_a_fallback_costs_is_spent_only_if_somebody_needs_it():
    def refuse() -> np.ndarray:
        raise AssertionError("nobody needs it")

    root_frames(np.stack([BODY, BODY]), ROOT, refuse)
    _, rotation = root_frames(degenerate()["y"][None], ROOT, lambda: FALLBACK[None])
    np.testing.assert_array_equal(rotation[0], FALLBACK)


def test_no_instances():
    origin, rotation = root_frames(np.zeros((0, 5, 3)), ROOT, np.zeros((0, 3, 3)))
    assert origin.shape == (0, 3)
    assert rotation.shape == (0, 3, 3)
