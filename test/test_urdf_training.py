"""A robot's own URDF as a training set, down to a network that learns from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_fixtures import one_thread, seeded  # noqa: F401
from urdf_robots import ARM, joint, robot

from lfm_ros.core.errors import InputError
from lfm_ros.urdf import load_robot
from training.cameras import ViewConfig, render
from training.data.robot import HELD_OUT, SEQUENCES, urdf_sets
from training.data.sampler import PoseSampler, SamplerConfig
from training.data.splits import divide
from training.losses import total_loss
from training.model import PRESETS, Lifting

LINKS = ["base", "turret", "upper", "fore", "hand", "tip"]


def test_a_set_is_the_robot_in_random_configurations():
    sets, held_out = urdf_sets(ARM, LINKS, poses=400, seed=3)
    assert list(sets) == list(held_out) == ["robot/arm"]
    poses = sets["robot/arm"]
    assert poses.group == "robot"
    assert poses.xyz.shape == (400, 6, 3)
    assert poses.xyz.dtype == np.float32
    assert poses.valid.all()
    np.testing.assert_array_equal(poses.up, [0, 0, 1])
    assert poses.skeleton == load_robot(ARM, LINKS).skeleton
    # Rigid bones keep their lengths, and the arm does move.
    fore = np.linalg.norm(poses.xyz[:, 4] - poses.xyz[:, 3], axis=-1)
    np.testing.assert_allclose(fore, 0.3, atol=1e-6)
    assert poses.xyz[:, 5].std(0).min() > 0.05


def test_a_seed_is_a_set():
    first, again, other = (urdf_sets(ARM, LINKS, 80, s)[0]["robot/arm"].xyz for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_whole_sequences_are_held_out():
    sets, held_out = urdf_sets(ARM, LINKS, poses=400)
    train, validation = divide(sets, held_out)
    shown, kept = (parts["robot/arm"] for parts in (train, validation))
    assert len(shown) + len(kept) == 400
    assert len(kept) == 400 * HELD_OUT // SEQUENCES
    assert not set(shown.sequence) & set(kept.sequence)


def test_a_name_that_is_no_path_becomes_one():
    named = ARM.replace('name="arm"', 'name="../my arm/2"')
    assert list(urdf_sets(named, LINKS, 40)[0]) == ["robot/.._my_arm_2"]


def test_too_little_is_refused():
    with pytest.raises(InputError, match=r"3 keypoints \(base, fore, tip\); give at least 4"):
        urdf_sets(ARM, ["base", "fore", "tip"])
    with pytest.raises(InputError, match="39 poses are too few"):
        urdf_sets(ARM, LINKS, poses=39)


def test_what_the_file_leaves_open_is_said(capsys):
    urdf_sets(ARM.replace('lower="-1.5" upper="1.5"', 'lower="-inf" upper="inf"'), LINKS, 40)
    assert "arm: joint 'lift' has no limits: taken as -pi to pi" in capsys.readouterr().err


def test_links_are_chosen_where_none_are_named():
    legs = [joint(f"j{i}", "revolute", "hub", f"leg{i}", f"{i} 1 0", "1 0 0") for i in range(4)]
    feet = [joint(f"f{i}", "fixed", f"leg{i}", f"foot{i}", "0 0 -1") for i in range(4)]
    links = "hub " + " ".join(f"leg{i} foot{i}" for i in range(4))
    sets, _ = urdf_sets(robot(*legs, *feet, links=links), poses=40)
    assert len(sets["robot/tested"].skeleton) == 9


def test_a_network_learns_the_robot():
    """The pieces of training take the set as it is."""
    sets, held_out = urdf_sets(ARM, LINKS, poses=200)
    sampler = PoseSampler(divide(sets, held_out)[0], SamplerConfig(rigs=1, per_rig=32), 0, "cpu")
    model = Lifting(PRESETS["tiny"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        batch = sampler.batch()
        views = render(batch.xyz, batch.valid, batch.up, ViewConfig())
        outputs = model(
            views.keypoints,
            views.confidence,
            batch.adjacency,
            batch.skeleton_index,
            views.camera,
        )
        total = total_loss(outputs, views, batch.valid.float())["total"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(total.item())
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
