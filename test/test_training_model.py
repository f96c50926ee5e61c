"""The network: tokens, masks, and what must not change its output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import bush, chain
from torch_fixtures import one_thread, seeded  # noqa: F401

from training.model import OUTPUTS, PRESETS, Lifting, ModelConfig
from training.tokens import PositionTokens, walk_returns

SMALL = ModelConfig(width=32, layers=2, heads=4, walk_steps=4)
CLOSE = {"atol": 2e-5, "rtol": 1e-4}


@pytest.fixture(scope="module", params=["full", "paper"])
def network(request):
    torch.manual_seed(0)
    config = (
        SMALL if request.param == "full" else replace(SMALL, walk_steps=0, sides=False, depth=False)
    )
    return Lifting(config).eval()


def example(count: int, keypoints: int, rigs: list, seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    confidence = torch.rand(count, keypoints, generator=random)
    confidence[confidence < 0.25] = 0
    adjacency = torch.zeros(len(rigs), keypoints, keypoints)
    index = torch.arange(count) % len(rigs)
    for i, rig in enumerate(rigs):
        adjacency[i, : len(rig), : len(rig)] = torch.as_tensor(rig.adjacency)
    sizes = torch.tensor([len(r) for r in rigs])[index]
    confidence[torch.arange(keypoints) >= sizes[:, None]] = 0
    keypoints_2d = torch.rand(count, keypoints, 2, generator=random) * 2 - 1
    camera = torch.randn(count, 6, generator=random)
    side = torch.randint(-1, 2, (count, keypoints), generator=random).float()
    return [keypoints_2d, confidence, adjacency, index, camera, side]


@torch.no_grad()
def run(network: Lifting, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    return [out.numpy() for out in network(*inputs)]


def test_outputs_are_as_documented(network):
    out = run(network, example(5, 9, [chain(9), bush(7)]))
    assert len(out) == (3 if network.config.depth else 2)
    assert [o.shape for o in out] == [(5, 9, 3), (5, 9), (5, 9, 3)][: len(out)]
    assert len(OUTPUTS) == 3
    assert all(np.isfinite(o).all() for o in out)


def test_permuting_keypoints_permutes_the_output(network):
    inputs = example(4, 10, [chain(10), bush(10)])
    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    moved = [
        inputs[0][:, order],
        inputs[1][:, order],
        inputs[2][:, order][:, :, order],
        *inputs[3:5],
        inputs[5][:, order],
    ]
    for ours, theirs in zip(run(network, moved), run(network, inputs), strict=True):
        np.testing.assert_allclose(ours, theirs[:, order], **CLOSE)


def test_padding_and_missing_keypoints_change_nothing(network):
    inputs = example(4, 10, [chain(10), bush(10)])
    expected = run(network, inputs)
    dirty = [x.clone() for x in inputs]
    dirty[0][inputs[1] == 0] = 1e4
    for ours, theirs in zip(run(network, dirty), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)
    wider = example(4, 17, [chain(10), bush(10)])
    wider[0][:, :10], wider[1][:, :10], wider[4] = inputs[0], inputs[1], inputs[4]
    wider[0][:, 10:], wider[1][:, 10:], wider[5][:, :10] = 0.3, 0, inputs[5]
    for ours, theirs in zip(run(network, wider), expected, strict=True):
        np.testing.assert_allclose(ours[:, :10], theirs, **CLOSE)


def test_several_rigs_in_one_batch_are_each_alone(network):
    rigs = [chain(10), bush(10), chain(6), bush(8)]
    inputs = example(4, 10, rigs)
    together = run(network, inputs)
    for i, rig in enumerate(rigs):
        k = len(rig)
        alone = [
            inputs[0][i : i + 1, :k],
            inputs[1][i : i + 1, :k],
            inputs[2][i : i + 1, :k, :k],
            torch.zeros(1, dtype=torch.long),
            inputs[4][i : i + 1],
            inputs[5][i : i + 1, :k],
        ]
        for ours, theirs in zip(run(network, alone), together, strict=True):
            np.testing.assert_allclose(ours[0], theirs[i, :k], **CLOSE)


def test_rows_without_any_keypoint_give_numbers(network):
    inputs = example(3, 9, [chain(9)])
    inputs[1][1] = 0
    expected = run(network, example(3, 9, [chain(9)]))
    for ours, theirs in zip(run(network, inputs), expected, strict=True):
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(ours[[0, 2]], theirs[[0, 2]], **CLOSE)


def test_everything_it_is_told_has_an_effect(network):
    inputs = example(3, 9, [chain(9)])
    base = run(network, inputs)[0]
    for i, other in ((0, -inputs[0]), (1, inputs[1] * 0.5), (4, -inputs[4])):
        changed = [*inputs]
        changed[i] = other
        assert np.abs(run(network, changed)[0] - base).max() > 1e-4, i
    mirrored = run(network, [*inputs[:5], -inputs[5]])[0]
    untold = run(network, inputs[:5])[0]
    for other in (mirrored, untold):
        assert (np.abs(other - base).max() > 1e-4) == network.config.sides
    np.testing.assert_array_equal(untold, run(network, [*inputs[:5], 0 * inputs[5]])[0])
    edges = [*inputs]
    edges[2] = torch.as_tensor(bush(9).adjacency)[None]
    assert np.abs(run(network, edges)[0] - base).max() > 1e-4


def test_observed_keypoints_keep_their_place():
    torch.manual_seed(1)
    inputs = example(5, 9, [chain(9)])
    uvd = run(Lifting(SMALL).eval(), inputs)[2]
    seen = inputs[1].numpy() > 0
    np.testing.assert_array_equal(uvd[..., :2][seen], inputs[0].numpy()[seen])
    assert (uvd[..., :2][~seen] != inputs[0].numpy()[~seen]).all()


def test_training_and_evaluation_attend_alike():
    torch.manual_seed(2)
    network, inputs = Lifting(SMALL), example(4, 10, [chain(10), bush(7)])
    trained, evaluated = run(network.train(), inputs), run(network.eval(), inputs)
    for ours, theirs in zip(trained, evaluated, strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


def test_local_heads_see_neighbours_only_and_global_heads_what_is_observed():
    network, inputs = Lifting(SMALL), example(2, 6, [chain(6)])
    seen = (inputs[1] > 0).float()
    open_to = network._bias(inputs[2][inputs[3]], seen) == 0
    near = (inputs[2][0] + torch.eye(6)) > 0
    assert open_to.shape == (2, 4, 6, 6)
    for row in range(2):
        for head in range(2):
            assert torch.equal(open_to[row, head], near)
            assert torch.equal(open_to[row, 2 + head], (seen[row] > 0).expand(6, 6))


def test_every_weight_learns():
    network = Lifting(SMALL).train()
    out = network(*example(4, 9, [chain(9), bush(9)]))
    sum(o.square().sum() for o in out).backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_position_tokens_are_frozen_and_the_same_for_every_network():
    first, second = PositionTokens(64, 2.5), PositionTokens(64, 2.5)
    assert not list(first.parameters())
    place = torch.rand(7, 2) * 2 - 1
    assert torch.equal(first(place), second(place))
    assert {"frequencies", "phase"} == set(first.state_dict())


def test_position_tokens_are_sines_and_cosines_of_unit_variance():
    tokens = PositionTokens(256, 2.5)
    out = tokens(torch.rand(500, 2) * 2 - 1)
    assert out.shape == (500, 256)
    np.testing.assert_allclose(out[:, :128] ** 2 + out[:, 128:] ** 2, 2, atol=1e-5)
    place = torch.tensor([[0.3, -0.8]])
    angle = place @ tokens.frequencies + tokens.phase
    expected = np.sqrt(2) * torch.cat([angle.sin(), angle.cos()], -1)
    np.testing.assert_allclose(tokens(place), expected, atol=1e-5)
    assert tokens.frequencies.std().item() == pytest.approx(2.5, rel=0.15)


def walked(edges: list[tuple[int, int]], keypoints: int, start: int, steps: int) -> list[float]:
    """Chance of being back after 1..steps moves, by trying every walk."""
    neighbours = {k: [] for k in range(keypoints)}
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    chances = {start: 1.0}
    back = []
    for _ in range(steps):
        moved: dict[int, float] = {}
        for place, chance in chances.items():
            for other in neighbours[place]:
                moved[other] = moved.get(other, 0.0) + chance / len(neighbours[place])
        chances = moved
        back.append(chances.get(start, 0.0))
    return back


@pytest.mark.parametrize("rig", [chain(6), bush(9)], ids=["chain", "bush"])
def test_walk_returns_are_what_walking_gives(rig):
    triangle = (0, 2)
    edges = [*rig.edges, triangle] if triangle not in rig.edges else list(rig.edges)
    adjacency = torch.zeros(2, len(rig) + 2, len(rig) + 2)
    for a, b in edges:
        adjacency[1, a, b] = adjacency[1, b, a] = 1
    found = walk_returns(adjacency, 7)
    assert found.shape == (2, len(rig) + 2, 7)
    assert not found[0].any(), "no edges, no walk"
    assert not found[1, len(rig) :].any()
    for k in range(len(rig)):
        np.testing.assert_allclose(found[1, k], walked(edges, len(rig), k, 7), atol=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_built(name):
    network = Lifting(PRESETS[name])
    assert (network.uvd is None) == (name == "paper")
    assert Lifting(ModelConfig(**PRESETS[name].as_dict())).config == network.config
