"""Starting from what there is: shipped weights, a robot's own model, a teacher; and the bench."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import roma
import torch
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401
from urdf_robots import ARM

from lfm_ros.core.errors import InputError
from training import checkpoint
from training.bench import BenchConfig, bench
from training.config import SHIPPED, TrainConfig, weights_of
from training.data.rigs import RigConfig
from training.data.sampler import SamplerConfig
from training.distill import distance
from training.model import PRESETS, ModelConfig
from training.step import PARTS, see
from training.train import run
from training.trainer import Trainer

NANO = ModelConfig(width=32, layers=2, heads=2, walk_steps=4)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def nano(monkeypatch):
    monkeypatch.setitem(PRESETS, "nano", NANO)
    monkeypatch.setitem(PRESETS, "wide", replace(NANO, width=64))


@pytest.fixture
def config(tmp_path):
    data = tmp_path / "data"
    write_poses(data / "human/walk.npz", bush(9), sequences=8, frames=6)
    write_poses(data / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    return TrainConfig(
        data=str(data),
        run=tmp_path / "run",
        model="nano",
        samples=32,
        warmup=16,
        sampler=SamplerConfig(rigs=2, per_rig=8),
        threads=1,
        device="cpu",
    )


def test_shipped_weights_are_known_by_name(config, tmp_path):
    folder = SHIPPED / "lfm_base"
    assert weights_of("base") == weights_of("lfm_base") == weights_of(str(folder)) == folder
    weights = checkpoint.load_weights(folder)[0].state_dict()
    tuned = Trainer(replace(config, init="base", run=tmp_path / "tuned"))
    assert all(torch.equal(t, weights[n]) for n, t in tuned.model.state_dict().items())
    with pytest.raises(InputError, match=r"'gigantic' is neither.*'base'"):
        Trainer(replace(config, init="gigantic"))


def test_fine_tuning_takes_smaller_steps(config, tmp_path):
    run(config)
    tuned = replace(config, init=str(config.run), finetune=0.25, run=tmp_path / "tuned")
    for whole, less in zip(Trainer(config).optimizers, Trainer(tuned).optimizers, strict=True):
        rates = [o.param_groups[0]["full_rate"] for o in (whole, less)]
        assert rates[1] == pytest.approx(0.25 * rates[0])


def test_a_robots_own_model_is_trained_on(config, tmp_path):
    urdf = tmp_path / "arm.urdf"
    urdf.write_text(ARM)
    robot = replace(config, data="builtin", urdf=urdf)
    trainer = run(robot)
    assert trainer.samples == 32
    assert list(trainer.train_sets) == list(trainer.validation_sets)
    poses = next(iter(trainer.train_sets.values()))
    names = poses.skeleton.names
    drawn = trainer.sampler.batch().xyz.numpy()
    nearest = np.abs(drawn[:, None] - poses.xyz[None]).max((2, 3)).min(1)
    assert nearest.max() < 1e-6, "neither stretched, mirrored, thinned nor marked"
    few = replace(robot, links=", ".join(names[:4]), run=tmp_path / "few")
    assert next(iter(Trainer(few).train_sets.values())).skeleton.names == names[:4]


def test_a_student_comes_closer_to_its_teacher(config, tmp_path):
    run(replace(config, model="wide", run=tmp_path / "teacher"))
    taught = replace(
        config,
        run=tmp_path / "student",
        teacher=str(tmp_path / "teacher"),
        teacher_weight=10.0,
        samples=10**9,
        data=str(tmp_path / "data"),
    )
    trainer = Trainer(taught)
    teacher = trainer.learner.teacher
    before = {n: t.clone() for n, t in teacher.model.state_dict().items()}
    terms = [trainer.step() for _ in range(60)]
    course = [float(t["teacher"]) for t in terms]
    assert sum(course[-10:]) < 0.8 * sum(course[:10])
    first = terms[0]
    task = 4 * first["procrustes"] + first["camera"] + 0.03 * first["sigma"]
    torch.testing.assert_close(first["total"], task + 10 * first["teacher"])
    assert all(torch.equal(t, before[n]) for n, t in teacher.model.state_dict().items())


def test_the_distance_to_a_teacher_leaves_free_what_the_outputs_leave_free(config):
    trainer = Trainer(config)
    batch = trainer.sampler.batch()
    views = see(batch, config)
    weight = batch.valid.float()
    shape = views.truth
    teacher = (shape, weight, torch.cat([views.keypoints, shape[..., 2:]], -1))
    turned = 3 * shape @ roma.random_rotmat() + 1.0
    student = (turned, weight, teacher[2])
    assert float(distance(student, teacher, views, weight)) == pytest.approx(0, abs=1e-4)
    flat = (torch.cat([shape[..., :2], 0 * shape[..., 2:]], -1), weight)
    apart = float(distance(flat, teacher, views, weight))
    assert apart > 0.01
    without_depth = teacher[2] * torch.tensor([1, 1, 0])
    assert float(distance((*flat, without_depth), teacher, views, weight)) > 1.1 * apart


def test_bench_says_what_a_step_waits_for(config):
    # As they are, rigs have 8 or 9 keypoints.
    still = replace(config, sampler=replace(config.sampler, rig=RigConfig(subrig=0, markers=0)))
    found = bench(BenchConfig(steps=3, warm_up=1, train=still))
    assert found["share_of_time"].keys() == set(PARTS)
    assert sum(found["share_of_time"].values()) == pytest.approx(1, abs=1e-3)
    assert min(found["share_of_time"].values()) > 0
    assert 0 < found["share_of_roof"] < 1
    assert found["poses_per_second"] <= 1.05 * found["poses_per_busy_second"]
    # Of a product (N, D) x (D, M) 2 N D M, twice that backwards: about 6 operations a weight.
    weights = sum(p.numel() for p in Trainer(config).model.blocks.parameters())
    assert 1 < found["gflop_per_pose"] * 1e9 / (6 * weights * 9) < 2
    assert not config.run.exists()


@pytest.mark.slow
def test_batches_drawn_ahead_train_too(config):
    trainer = run(replace(config, workers=2, samples=64))
    assert trainer.samples == 64


def test_help_names_every_choice():
    done = subprocess.run(
        [sys.executable, "-m", "training.train", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    for option in ("--urdf", "--links", "--init", "--teacher", "--device", "--finetune"):
        assert option in done.stdout
    assert json.loads(json.dumps(TrainConfig().as_dict()))["sampler"]["rigs"] == 8
