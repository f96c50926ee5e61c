"""The peers: each keeps its order, learns what its paper says it does, and knows no more."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from synthetic import bush, chain, rotations, write_poses
from torch import nn
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros import Skeleton
from training.cameras import ViewConfig, render
from training.data.poses import PoseSet, load_folder, load_set
from training.peers.c3dpo import C3dpo, on_rays, spun
from training.peers.entries import KINDS, KNOWS_ALL
from training.peers.fixed_order import FixedConfig, FixedOrder
from training.peers.layers import FixedNetwork
from training.peers.mean_shape import MeanShape, shape_of
from training.peers.measure import CLEAN, look, measure, megaflop
from training.peers.mlp import ResidualMlp
from training.peers.no_depth import NoDepth
from training.peers.paul import Paul
from training.peers.peer import Peer, Task
from training.peers.per_category import PerCategory
from training.peers.plain_poses import PlainPoses
from training.peers.slots import Slots, taken

SETS = {"robot/arm": 5, "human/walk": 9, "object/box": 7}


@pytest.fixture
def sets(tmp_path):
    write_poses(tmp_path / "human/walk.npz", bush(9), sequences=1, frames=40)
    write_poses(tmp_path / "robot/arm.npz", chain(6), sequences=1, frames=40, seed=1)
    return load_folder(tmp_path)


@pytest.fixture
def walk(sets):
    return {"human/walk": sets["human/walk"]}


def task(sets: dict[str, PoseSet], tmp_path, samples: int, views: ViewConfig = CLEAN) -> Task:
    return Task(sets, tmp_path, tmp_path / "run", samples, seed=0, views=views)


def trained(peer: Peer) -> Peer:
    while peer.left:
        peer.step()
    return peer


def error(peer: Peer, sets: dict[str, PoseSet], figure: str = "procrustes") -> float:
    return float(np.mean([row[figure] for row in measure(peer, sets).values()]))


class Echo(FixedNetwork):
    """A network that answers with its input."""

    def __init__(self, slots: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(slots))

    def loss(self, views):
        return self.weight.sum()

    def lift(self, views):
        return torch.cat([views.keypoints, views.confidence[..., None]], -1)


@pytest.mark.parametrize("order", ["own", "shared", "permuted"])
def test_what_goes_into_the_slots_comes_out(order):
    slots = Slots(SETS, order)
    assert slots.count == (21 if order == "own" else 9)
    for name, keypoints in SETS.items():
        values = torch.randn(4, keypoints, 3)
        places = slots.places(name, 4)
        filled = slots.fill(values, places)
        assert torch.equal(taken(filled, places), values)
        assert int((filled.abs().sum(-1) > 0).sum()) == 4 * keypoints


def test_only_own_slots_tell_the_category():
    own = Slots(SETS, "own")
    used = [set(own.places(name, 1)[0].tolist()) for name in SETS]
    assert len(set.union(*used)) == sum(len(u) for u in used) == own.count
    shared = Slots(SETS, "shared")
    assert shared.places("robot/arm", 2).tolist() == [list(range(5))] * 2
    many = Slots(SETS, "permuted").places("human/walk", 50)
    assert len({tuple(row) for row in many.tolist()}) > 40


@pytest.mark.parametrize("order", ["own", "shared", "permuted"])
def test_points_come_back_in_the_order_of_the_set(order, sets, tmp_path):
    peer = FixedOrder(task(sets, tmp_path, 1), Echo, order)
    for poses in sets.values():
        views = look(poses)
        points = peer.predict(views, poses)
        assert torch.equal(points[..., :2], views.keypoints)
        assert torch.equal(points[..., 2], views.confidence)


def test_views_are_the_same_for_everyone(walk):
    poses = walk["human/walk"]
    first = look(poses)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    again = look(poses)
    assert torch.equal(first.keypoints, again.keypoints)
    assert torch.equal(state, torch.get_rng_state()), "judging must not change the training"
    other = look(replace(poses, name="human/other"))
    assert not torch.equal(first.keypoints, other.keypoints)


def test_no_depth_reprojects_and_costs_nothing(walk, tmp_path):
    peer = NoDepth(task(walk, tmp_path, 100))
    figures = measure(peer, walk)["human/walk"]
    assert 5 < figures["procrustes"] < figures["camera"]
    assert figures["procrustes"] == pytest.approx(figures["reflected"]), "a flat shape has no hand"
    assert (peer.left, megaflop(peer, walk)) == (0, 0)


def rigid(count: int, missing: float) -> tuple[PoseSet, np.ndarray]:
    """One shape in many places, sizes and orientations, some of its points missing."""
    random = np.random.default_rng(5)
    shape = random.standard_normal((8, 3))
    size, place = random.uniform(0.5, 2, (count, 1, 1)), random.standard_normal((count, 1, 3))
    xyz = size * shape @ rotations(count, 6).swapaxes(1, 2) + place
    valid = random.random((count, 8)) >= missing
    valid[0] = True
    values = np.where(valid[..., None], xyz, 0).astype(np.float32)
    numbers = np.arange(count)
    return PoseSet("object/rock", values, valid, numbers, np.zeros(3, np.float32), bush(8)), shape


def test_the_mean_of_one_rigid_shape_is_that_shape(tmp_path):
    poses, _ = rigid(30, missing=0.0)
    sets = {poses.name: poses}
    assert error(MeanShape(task(sets, tmp_path, 1)), sets, "camera") < 0.1


def test_the_mean_shape_copes_with_missing_points(tmp_path):
    poses, shape = rigid(200, missing=0.25)
    mean = PoseSet(
        poses.name,
        np.stack([shape_of(poses), shape]).astype(np.float32),
        np.ones((2, 8), bool),
        np.arange(2),
        poses.up,
        poses.skeleton,
    )
    # The radius of a frame is that of the points it has, so sizes agree only roughly.
    assert error(MeanShape(task({poses.name: mean}, tmp_path, 1)), {poses.name: mean}) < 4


def test_spinning_the_image_turns_gravity_with_it(walk):
    views = look(walk["human/walk"], frames=6)
    turned, back = spun(views, most=1.0)
    assert not torch.allclose(turned.keypoints, views.keypoints, atol=1e-2)
    flat = torch.cat([turned.keypoints, torch.zeros_like(turned.keypoints[..., :1])], -1)
    restored = flat @ back.transpose(-1, -2)
    assert torch.allclose(restored[..., :2], views.keypoints, atol=1e-6)
    up = (back @ turned.camera[:, 3:, None])[..., 0]
    assert torch.allclose(up, views.camera[:, 3:], atol=1e-6)
    assert torch.equal(turned.camera[:, :3], views.camera[:, :3])


def test_points_on_rays_are_where_they_are_seen(walk):
    views = look(walk["human/walk"], frames=6)
    views.confidence[:, 2] = 0
    points = torch.randn(6, 9, 3)
    moved = on_rays(points, views)
    image = moved[..., :2] / (1 + views.radius[:, None, None] * moved[..., 2:])
    seen = views.confidence > 0
    assert torch.allclose(image[seen], views.keypoints[seen], atol=1e-5)
    assert torch.equal(moved[~seen], points[~seen])
    assert torch.equal(moved[..., 2], points[..., 2])


SMALL = FixedConfig(batch=64, rate=3e-3, warmup=64)


@pytest.mark.parametrize(
    ("network", "share", "figure"),
    [
        (partial(ResidualMlp, width=96), 0.6, "camera"),
        (partial(C3dpo, supervised=True, width=96, blocks=2), 0.8, "camera"),
        # From 2D alone nothing tells a shape from its mirror image.
        (partial(C3dpo, supervised=False, width=96, blocks=2), 0.8, "reflected"),
        (partial(Paul, width=96, blocks=1, code=4), 0.8, "reflected"),
    ],
    ids=["mlp", "c3dpo-3d", "c3dpo-2d", "paul"],
)
def test_it_learns_depth(network, share, figure, walk, tmp_path):
    flat = error(NoDepth(task(walk, tmp_path, 1)), walk, figure)
    peer = trained(FixedOrder(task(walk, tmp_path, 64 * 90), network, config=SMALL))
    assert error(peer, walk, figure) < share * flat


def test_two_dimensional_supervision_sees_no_truth(walk):
    torch.manual_seed(0)
    views = look(walk["human/walk"], frames=8)
    lies = replace(views, truth=torch.randn_like(views.truth))
    for network in (C3dpo(9, supervised=False, width=32, blocks=1), Paul(9, width=32, blocks=1)):
        losses = []
        for seen in (views, lies):
            torch.manual_seed(1)
            losses.append(float(network.loss(seen).detach()))
        assert losses[0] == losses[1]
    supervised = C3dpo(9, supervised=True, width=32, blocks=1)
    losses = [float(supervised.loss(seen).detach()) for seen in (views, lies)]
    assert losses[0] != pytest.approx(losses[1])


def test_hidden_keypoints_do_not_reach_the_networks(walk):
    views = look(walk["human/walk"], frames=4)
    views.confidence[:, 3] = 0
    moved = replace(views, keypoints=views.keypoints.clone())
    moved.keypoints[:, 3] += 5
    for network in (ResidualMlp(9, width=32), C3dpo(9, True, width=32, blocks=1)):
        network.eval()
        assert torch.equal(network.lift(views), network.lift(moved))


def test_each_category_gets_its_own_network_and_all_the_samples(sets, tmp_path):
    network = partial(ResidualMlp, width=16)
    peer = PerCategory(task(sets, tmp_path, 128), network, SMALL)
    assert peer.left == 256
    trained(peer)
    assert peer.samples == 256
    assert {name: own.samples for name, own in peer.networks.items()} == {
        "human/walk": 128,
        "robot/arm": 128,
    }
    assert peer.parameters == sum(
        p.numel() for k in (9, 6) for p in ResidualMlp(k, width=16).parameters()
    )
    poses = sets["robot/arm"]
    assert peer.predict(look(poses), poses).shape == (200, 6, 3)


def test_the_same_seed_gives_the_same_network(sets, tmp_path):
    def weights(seed: int) -> torch.Tensor:
        this = replace(task(sets, tmp_path, 192, ViewConfig()), seed=seed)
        peer = trained(FixedOrder(this, partial(ResidualMlp, width=16), config=SMALL))
        assert isinstance(peer, FixedOrder)
        return nn.utils.parameters_to_vector(peer.network.parameters())

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_who_is_told_more_than_our_network_says_so():
    told = {name: entry.told for kind in KINDS.values() for name, entry in kind.items()}
    assert told["MLP per category"] == told["C3DPO, 2D"] == told["mean shape + PnP"] == KNOWS_ALL
    assert told["C3DPO, 3D, category not told"] == "order"
    for name in ("no depth", "paper", "base", "C3DPO, 3D, permuted", "MLP for all, permuted"):
        assert told[name] == ""


def test_left_and_right_are_confused_in_the_slots_too(tmp_path):
    names = ["head", "left_hand", "right_hand", "tail"]
    skeleton = Skeleton(names, [(0, 1), (0, 2), (0, 3)])
    write_poses(tmp_path / "human/a.npz", skeleton, sequences=1, frames=5)
    write_poses(tmp_path / "human/b.npz", chain(4), sequences=1, frames=5)
    sets = load_folder(tmp_path)
    slots = Slots(dict.fromkeys(sets, 4))
    poses = PlainPoses(task(sets, tmp_path, 1), slots, rigs=1)
    twins = {tuple(poses.batch(1).twin[0].tolist()) for _ in range(20)}
    assert twins == {(0, 2, 1, 3, 4, 5, 6, 7), tuple(range(8))}


def test_points_that_a_set_lacks_do_not_count(tmp_path):
    """A network of several categories is not asked for the slots of the others."""
    write_poses(tmp_path / "a.npz", bush(7), sequences=1, frames=5)
    poses = load_set(tmp_path / "a.npz", "human/a.npz")
    slots = Slots({"human/a": 7, "human/b": 4})
    places = slots.places("human/a", 5)
    xyz = torch.as_tensor(poses.xyz)
    valid = slots.fill(torch.ones(5, 7, dtype=torch.bool), places)
    views = render(slots.fill(xyz, places), valid, torch.zeros(5, 3), CLEAN)
    network = ResidualMlp(11, width=16).eval()
    network.loss(views).backward()
    gradient = network.last.bias.grad
    assert gradient is not None
    assert gradient.view(11, 3)[7:].abs().max() == 0
    assert gradient.view(11, 3)[:7].abs().max() > 0
