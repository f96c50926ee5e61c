"""The views that the network is trained on are those that it gets at run time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import shapes
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Intrinsics
from lfm_ros.core import normalize
from training import cameras
from training.cameras import ViewConfig

CLEAN = ViewConfig(noise=0.0, hidden=0.0)
FOCAL = 500.0
LENS = Intrinsics([[FOCAL, 0, 640], [0, FOCAL, 360], [0, 0, 1]], (1280, 720))


def poses(count: int, keypoints: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    xyz = torch.as_tensor(shapes(count, keypoints, seed), dtype=torch.float32)
    valid = torch.rand(count, keypoints, generator=torch.Generator().manual_seed(seed)) > 0.2
    valid[:, :4] = True
    return xyz, valid


def ups(count: int) -> torch.Tensor:
    up = torch.tensor([[0, 0, 1.0], [0, 1, 0], [0, -1, 0], [0, 0, 0]])
    return up[torch.arange(count) % 4]


@pytest.mark.parametrize("seed", range(3))
def test_the_virtual_camera_is_the_one_of_the_runtime(seed):
    torch.manual_seed(seed)
    xyz, valid = poses(24, 17, seed)
    points, gravity = cameras.place(xyz.double(), valid, ups(24).double(), ViewConfig())
    image = points[..., :2] / points[..., 2:]
    known = (torch.rand(24) < 0.5).double()
    gravity = gravity * (torch.rand(24, 1) < 0.6)
    keypoints, turn, radius = cameras.virtual_view(image, valid, gravity, known)
    features = torch.cat([known[:, None], radius[:, None], cameras._up_features(turn, gravity)], -1)
    pixels = image.numpy() * FOCAL + (640, 360)
    assert known.any()
    assert not known.all()
    for i in range(24):
        up = gravity[i].numpy() if gravity[i].any() else None
        lens = [LENS] if known[i] else None
        view = normalize.virtual_view(pixels[i : i + 1], valid[i : i + 1].numpy(), lens, up)
        np.testing.assert_allclose(keypoints[i], view.keypoints[0], atol=1e-6)
        np.testing.assert_allclose(turn[i], view.rotation[0], atol=1e-6)
        np.testing.assert_allclose(radius[i], view.radius[0], atol=1e-6)
        np.testing.assert_allclose(features[i], view.features[0], atol=1e-6)


def test_what_the_network_is_shown_is_the_image_of_the_truth():
    torch.manual_seed(1)
    xyz, valid = poses(40, 12, 1)
    views = cameras.render(xyz, valid, ups(40), replace(CLEAN, camera_known=1.0))
    assert (views.camera[:, 0] == 1).all()
    assert torch.equal(views.confidence > 0, valid)
    # With the centre at distance 1/r, in units in which the image has radius 1.
    truth = views.truth
    for i in range(40):
        seen = valid[i].numpy()
        rays = np.concatenate([views.keypoints[i] * views.radius[i], np.ones((12, 1))], -1)[seen]
        # Each truth point lies on its ray from one common place: solve for it, it must fit.
        rows = [np.cross(np.eye(3), ray) for ray in rays]
        matrix, right = (
            np.concatenate(rows),
            np.concatenate([-row @ p for row, p in zip(rows, truth[i].numpy()[seen], strict=True)]),
        )
        place, *_ = np.linalg.lstsq(matrix, right, rcond=None)
        np.testing.assert_allclose(matrix @ place, right, atol=2e-3)
        assert place[2] > 1.5, "the object is in front of the camera"


def test_the_truth_is_centred_and_of_radius_one():
    xyz, valid = poses(20, 9, 2)
    xyz[~valid] = torch.nan
    views = cameras.render(torch.nan_to_num(xyz, nan=1e3), valid, ups(20), ViewConfig())
    weight = valid[..., None].float()
    np.testing.assert_allclose((views.truth * weight).sum(1), 0, atol=1e-4)
    np.testing.assert_allclose((views.truth * weight).norm(dim=-1).amax(1), 1, atol=1e-5)
    assert not (views.truth * (1 - weight)).any()


def test_the_truth_is_never_mirrored():
    torch.manual_seed(3)
    xyz, valid = poses(200, 8, 3)
    valid[:] = True
    truth = cameras.render(xyz, valid, ups(200), ViewConfig()).truth
    own = cameras.normalized(xyz, valid)
    moment = torch.linalg.det(truth.transpose(1, 2) @ own)
    assert (moment > 0).all()


def test_upright_views_are_upright():
    torch.manual_seed(4)
    upright = replace(
        CLEAN, tumbled=0.0, roll=0.0, up_known=1.0, camera_known=1.0, off_axis=0.0, elevation=(0, 0)
    )
    xyz, valid = poses(30, 9, 4)
    for up in ([0, 0, 1.0], [0, 1.0, 0], [0, -1.0, 0]):
        views = cameras.render(xyz, valid, torch.tensor([up]).expand(30, 3), upright)
        np.testing.assert_allclose(views.camera[:, 2], 1)
        np.testing.assert_allclose(views.camera[:, 3], 0, atol=1e-5)
        # Seen from its side: what is up in the object is up in the image, within the perspective.
        assert (views.camera[:, 4] < -0.9).all()
        along_up = cameras.normalized(xyz, valid) @ torch.tensor(up)
        shown = -views.truth[..., 1]
        for i in range(30):
            assert np.corrcoef(along_up[i][valid[i]], shown[i][valid[i]])[0, 1] > 0.9


def test_the_camera_is_told_as_often_as_configured():
    torch.manual_seed(5)
    xyz, valid = poses(2000, 5, 5)
    up = torch.tensor([[0, 0, 1.0]]).expand(2000, 3)
    camera = cameras.render(xyz, valid, up, ViewConfig(camera_known=0.3, up_known=0.8)).camera
    assert camera[:, 0].mean().item() == pytest.approx(0.3, abs=0.05)
    assert camera[:, 2].mean().item() == pytest.approx(0.8, abs=0.05)
    unknown = camera[:, 0] == 0
    assert not camera[unknown, 1].any()
    assert not camera[camera[:, 2] == 0, 3:].any()


def test_hidden_keypoints_leave_at_least_four():
    torch.manual_seed(6)
    xyz, valid = poses(500, 10, 6)
    views = cameras.render(xyz, valid, ups(500), ViewConfig(hidden=1.0, hidden_most=1.0))
    seen = (views.confidence > 0).sum(-1)
    assert not ((views.confidence > 0) & ~valid).any()
    assert (seen >= 4).all()
    assert (seen < valid.sum(-1)).float().mean() > 0.5
    none = cameras.render(xyz, valid, ups(500), ViewConfig(hidden=0.0))
    assert torch.equal(none.confidence > 0, valid)


def test_noise_is_of_the_size_that_is_asked_for_and_confidence_tells_of_it():
    xyz, valid = poses(3000, 10, 7)
    valid[:] = True
    config = replace(CLEAN, camera_known=0.0, up_known=0.0)
    torch.manual_seed(7)
    points, _ = cameras.place(xyz, valid, ups(3000), config)
    image = points[..., :2] / points[..., 2:]
    clean, _ = cameras._detect(image, valid, config)
    np.testing.assert_allclose(clean, image)
    noisy, confidence = cameras._detect(image, valid, replace(config, noise=0.02))
    extent = (image - image.mean(1, keepdim=True)).norm(dim=-1).amax(1)
    off = (noisy - image).norm(dim=-1) / extent[:, None]
    assert (off.amax(1) == 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert 0.004 < off.mean() < 0.03
    assert confidence.min() >= 0.05
    assert confidence.max() <= 1
    told = (confidence < 1).any(1)
    doubtful = confidence[told] < 0.8
    assert off[told][doubtful].mean() > 2 * off[told][~doubtful].mean()


@pytest.mark.parametrize("points", [0, 1, 3])
def test_poses_with_too_few_points_give_numbers(points):
    xyz, valid = poses(50, 9, 8)
    valid[:, points:] = False
    views = cameras.render(xyz, valid, ups(50), ViewConfig())
    for name, value in vars(views).items():
        assert torch.isfinite(value.float()).all(), name


def test_up_is_turned_onto_z_from_anywhere():
    up = torch.cat([torch.eye(3), -torch.eye(3), torch.randn(20, 3)]).double()
    turn = cameras._onto_z(up)
    unit = up / up.norm(dim=-1, keepdim=True)
    turned = (turn @ unit[..., None])[..., 0]
    np.testing.assert_allclose(turned, [[0, 0, 1]] * 26, atol=1e-6)
    np.testing.assert_allclose(torch.linalg.det(turn), 1, atol=1e-6)


@pytest.mark.parametrize(("up", "tumbled"), [([0, 0, 1.0], 1.0), ([0, 0, 0.0], 0.0)])
def test_objects_that_fell_over_or_have_no_up_are_turned_in_any_way(up, tumbled):
    torch.manual_seed(9)
    config = replace(CLEAN, tumbled=tumbled, elevation=(0, 0), roll=0.0)
    rotation, gravity = cameras._orientations(torch.tensor([up]).expand(4000, 3), config)
    np.testing.assert_allclose(torch.linalg.det(rotation), 1, atol=1e-5)
    # Gravity is the camera's affair: an object that fell over does not turn it.
    assert (gravity[:, 1] < -0.99).all()
    own_up = rotation[..., 2]
    np.testing.assert_allclose(own_up.mean(0), 0, atol=0.06)
    np.testing.assert_allclose((own_up.T @ own_up) / 4000, np.eye(3) / 3, atol=0.05)


def test_some_detections_take_left_for_right_and_keep_their_truth():
    xyz, _ = poses(400, 6, 5)
    twin = torch.tensor([1, 0, 3, 2, 4, 5]).expand(400, 6)
    far = replace(CLEAN, camera_known=0.0, swapped=1.0, distance=(500.0, 500.0), off_axis=0.0)
    torch.manual_seed(4)
    views = cameras.render(xyz, torch.ones(400, 6, dtype=torch.bool), ups(400), far, twin)
    # From so far away the image is the truth without its depth, up to scale.
    image = views.keypoints - views.keypoints.mean(1, keepdim=True)
    flat = views.truth[..., :2] - views.truth[..., :2].mean(1, keepdim=True)
    image = image * (flat.norm(dim=-1).amax(1) / image.norm(dim=-1).amax(1))[:, None, None]
    own = (image - flat).norm(dim=-1) < 0.02
    other = (image - flat.gather(1, twin[..., None].expand_as(flat))).norm(dim=-1) < 0.02
    assert (own | other).float().mean() > 0.99
    assert own[:, 4:].float().mean() > 0.99, "what has no twin stays"
    assert (own[:, :4:2] == own[:, 1:4:2]).float().mean() > 0.99, "a pair is swapped as one"
    assert 0.4 < (~own[:, :4]).all(1).float().mean() < 0.7, "everywhere in half of the samples"
