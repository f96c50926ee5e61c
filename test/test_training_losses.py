"""The losses against the numpy metrics, and what their gradients must be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from synthetic import rotations, shapes
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros.core import metrics, normalize
from training.cameras import Views
from training.losses import (
    camera_distance,
    procrustes_distance,
    structure_from_uvd,
    total_loss,
)


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.as_tensor(a, dtype=torch.float64) for a in arrays]


def batch(seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = shapes(6, 11, seed)
    valid = random.random((6, 11)) < 0.7
    valid[:, :5] = True
    return truth + noise * random.standard_normal(truth.shape), truth, valid


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_the_metrics(seed):
    points, truth, valid = batch(seed)
    turned = 3 * points @ rotations(6, seed).swapaxes(1, 2) + 5
    weight = torch.as_tensor(valid, dtype=torch.float64)
    found = metrics.errors(turned, truth, valid)
    ours = procrustes_distance(*tensors(turned, truth), weight).sqrt()
    np.testing.assert_allclose(ours.sum(-1) / weight.sum(-1), found.procrustes, atol=1e-9)
    found = metrics.errors(3 * points + 5, truth, valid)
    ours = camera_distance(*tensors(3 * points + 5, truth), weight)
    np.testing.assert_allclose(ours.sum(-1) / weight.sum(-1), found.camera, atol=1e-9)


def test_the_structure_is_that_of_the_runtime():
    random = np.random.default_rng(0)
    uvd, radius = random.standard_normal((5, 9, 3)), random.uniform(0, 0.5, 5)
    ours = structure_from_uvd(*tensors(uvd, radius))
    np.testing.assert_allclose(ours, normalize.structure_from_uvd(uvd, radius), atol=1e-12)


def test_zero_at_the_truth_and_its_similar_copies_only():
    _, truth, valid = batch(1)
    weight = torch.as_tensor(valid, dtype=torch.float64)
    similar = 0.3 * truth @ rotations(6, 1).swapaxes(1, 2) - 2
    np.testing.assert_allclose(procrustes_distance(*tensors(similar, truth), weight), 0, atol=1e-18)
    np.testing.assert_allclose(
        camera_distance(*tensors(0.3 * truth - 2, truth), weight), 0, atol=1e-12
    )
    assert (camera_distance(*tensors(similar, truth), weight).mean(-1) > 0.1).all()


@pytest.mark.parametrize("axis", range(3))
def test_a_mirrored_shape_is_wrong(axis):
    _, truth, valid = batch(2)
    weight = torch.as_tensor(valid, dtype=torch.float64)
    mirror = np.ones(3)
    mirror[axis] = -1
    squared = procrustes_distance(*tensors(truth * mirror, truth), weight)
    assert (squared.sum(-1) / weight.sum(-1) > 0.01).all()


def test_the_gradient_is_that_of_the_least_distance():
    """Nothing flows through the SVD, and nothing needs to."""
    points, truth, valid = batch(3)
    weight = torch.as_tensor(valid, dtype=torch.float64)
    (target,) = tensors(truth)

    def least(x: torch.Tensor) -> torch.Tensor:
        return procrustes_distance(x, target, weight).sum()

    moved = torch.as_tensor(points, dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(least(moved), moved)
    direction = torch.randn(moved.shape, dtype=torch.float64)
    step = 1e-6
    with torch.no_grad():
        slope = (least(moved + step * direction) - least(moved - step * direction)) / (2 * step)
    assert (gradient * direction).sum().item() == pytest.approx(slope.item(), rel=1e-5)
    assert not gradient[~torch.as_tensor(valid)].any()


def operations(node: torch.autograd.graph.Node, found: set[str] | None = None) -> set[str]:
    """Names of every operation that a gradient flows back through."""
    found = set() if found is None else found
    if node is not None:
        found.add(node.name())
        for before, _ in node.next_functions:
            operations(before, found)
    return found


def test_no_gradient_flows_through_the_alignment():
    points = torch.randn(2, 6, 3, requires_grad=True)
    flows = operations(procrustes_distance(points, torch.randn(2, 6, 3), torch.ones(2, 6)).grad_fn)
    assert any("AccumulateGrad" in name for name in flows)
    # Rotations come from a decomposition, and the scale from a division.
    for part in ("svd", "eig", "det", "horn", "div"):
        assert not [name for name in flows if part in name.lower()]


@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("which", ["canonical", "truth", "both"])
def test_gradients_are_finite_for_flat_shapes(rank, which):
    flat = torch.as_tensor(np.arange(3) < rank, dtype=torch.float32)
    canonical = torch.randn(4, 7, 3) * (flat if which != "truth" else 1)
    truth = torch.randn(4, 7, 3) * (flat if which != "canonical" else 1)
    canonical.requires_grad_()
    procrustes_distance(canonical, truth, torch.ones(4, 7)).sum().backward()
    assert torch.isfinite(canonical.grad).all()


def test_equal_points_and_no_weight_give_finite_gradients():
    for weight in (torch.ones(2, 5), torch.zeros(2, 5)):
        points = torch.zeros(2, 5, 3, requires_grad=True)
        loss = procrustes_distance(points, torch.randn(2, 5, 3), weight).sum()
        loss = loss + camera_distance(points, torch.zeros(2, 5, 3), weight).sum()
        loss.backward()
        assert torch.isfinite(points.grad).all()


def views(truth: torch.Tensor, radius: torch.Tensor) -> Views:
    """A view of a truth that is given relative to its own image radius."""
    keypoints = truth[..., :2] / (1 + radius[:, None, None] * truth[..., 2:])
    ones = torch.ones(truth.shape[:2])
    return Views(keypoints, ones, torch.zeros(len(truth), 6), truth, ones > 0, radius)


def outputs_at(shown: Views) -> tuple[torch.Tensor, ...]:
    turn = torch.as_tensor(rotations(len(shown.truth), 4), dtype=torch.float32)
    canonical = 0.7 * shown.truth @ turn
    uvd = torch.cat([shown.keypoints, shown.truth[..., 2:]], -1)
    return canonical, torch.full(shown.truth.shape[:2], -6.0), uvd


def test_the_whole_loss_is_least_at_the_truth():
    truth = 0.4 * torch.as_tensor(shapes(5, 8, 5), dtype=torch.float32)
    shown = views(truth - truth.mean(1, keepdim=True), torch.full((5,), 0.2))
    weight = torch.ones(5, 8)
    best = total_loss(outputs_at(shown), shown, weight)
    assert best["procrustes"] < 1e-8
    assert best["camera"] < 1e-5
    for i in range(3):
        worse = list(outputs_at(shown))
        worse[i] = worse[i] + 0.2 * torch.randn_like(worse[i])
        assert total_loss(tuple(worse), shown, weight)["total"] > best["total"]


def test_points_that_cannot_be_known_do_not_count():
    truth = 0.4 * torch.as_tensor(shapes(5, 8, 6), dtype=torch.float32)
    shown = views(truth, torch.full((5,), 0.2))
    weight = torch.ones(5, 8)
    weight[:, 6:] = 0
    outputs = [x + 0.1 * torch.randn_like(x) for x in outputs_at(shown)]
    garbage = [x.clone() for x in outputs]
    for x in garbage:
        x[:, 6:] = 77.0
    found = total_loss(tuple(outputs), shown, weight)
    other = total_loss(tuple(garbage), shown, weight)
    for name in found:
        assert found[name].item() == pytest.approx(other[name].item(), abs=1e-6), name


def test_a_row_weighs_as_many_points_as_it_has():
    """The mean is over points, so a batch of several rigs is the sum of its rigs."""
    truth = 0.4 * torch.as_tensor(shapes(2, 8, 7), dtype=torch.float32)
    shown = views(truth, torch.full((2,), 0.2))
    outputs = tuple(x + 0.1 * torch.randn_like(x) for x in outputs_at(shown))
    weight = torch.ones(2, 8)
    weight[1, 5:] = 0
    both = total_loss(outputs, shown, weight)
    parts = []
    for i in range(2):
        row = Views(*(value[i : i + 1] for value in vars(shown).values()))
        parts.append(total_loss(tuple(x[i : i + 1] for x in outputs), row, weight[i : i + 1]))
    for name in ("procrustes", "camera", "sigma"):
        expected = (8 * parts[0][name] + 5 * parts[1][name]) / 13
        assert both[name].item() == pytest.approx(expected.item(), abs=1e-6), name


def test_sigma_learns_the_error_and_leaves_it_alone():
    truth = 0.4 * torch.as_tensor(shapes(5, 8, 8), dtype=torch.float32)
    shown = views(truth, torch.full((5,), 0.2))
    canonical, log_sigma, uvd = outputs_at(shown)
    uvd = (uvd + 0.1 * torch.randn_like(uvd)).requires_grad_()
    log_sigma = log_sigma.clone().requires_grad_()
    terms = total_loss((canonical, log_sigma, uvd), shown, torch.ones(5, 8))
    through = torch.autograd.grad(terms["sigma"], [log_sigma, uvd], allow_unused=True)
    assert through[0].any()
    assert through[1] is None
    points = structure_from_uvd(uvd.detach(), shown.radius)
    distance = camera_distance(points, shown.truth, torch.ones(5, 8))
    at_the_error = distance.clamp(min=np.exp(-6)).log().requires_grad_()
    terms = total_loss((canonical, at_the_error, uvd.detach()), shown, torch.ones(5, 8))
    (slope,) = torch.autograd.grad(terms["sigma"], at_the_error)
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_the_papers_network_has_no_camera_term():
    truth = 0.4 * torch.as_tensor(shapes(3, 8, 9), dtype=torch.float32)
    shown = views(truth, torch.zeros(3))
    terms = total_loss(outputs_at(shown)[:2], shown, torch.ones(3, 8))
    assert "camera" not in terms
    assert torch.isfinite(terms["total"])
