"""Training itself: it learns, it goes on exactly where it stopped, and its logs can be read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401

from lfm_ros.core.errors import InputError, ModelError
from training import checkpoint
from training.cameras import ViewConfig
from training.config import TrainConfig
from training.data.limbs import LimbConfig
from training.data.rigs import RigConfig
from training.data.sampler import SamplerConfig
from training.model import PRESETS, Lifting, ModelConfig
from training.optimizers import build_optimizers, rate_factor
from training.step import Learner, knowable
from training.train import run
from training.trainer import Trainer
from training.validate import validate

NANO = ModelConfig(width=32, layers=2, heads=2, walk_steps=4)


@pytest.fixture(autouse=True)
def nano(monkeypatch):
    monkeypatch.setitem(PRESETS, "nano", NANO)


@pytest.fixture
def config(tmp_path):
    data = tmp_path / "data"
    write_poses(data / "human/walk.npz", bush(9), sequences=8, frames=6)
    write_poses(data / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    sampler = SamplerConfig(rigs=2, per_rig=8)
    return TrainConfig(
        data=str(data),
        run=tmp_path / "run",
        model="nano",
        samples=96,
        warmup=16,
        sampler=sampler,
        threads=1,
    )


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def steps(trainer: Trainer, count: int) -> list[float]:
    return [float(trainer.step()["total"].detach()) for _ in range(count)]


def test_six_steps_are_three_and_three_more(config, tmp_path):
    whole = Trainer(config)
    losses = steps(whole, 6)
    other = replace(config, run=tmp_path / "other")
    first = Trainer(other)
    begun = steps(first, 3)
    first.save()
    torch.manual_seed(12345)  # whatever else the process does in between
    second = Trainer(other)
    assert (second.steps, second.samples) == (3, 48)
    assert begun + steps(second, 3) == losses
    assert same(whole.model.state_dict(), second.model.state_dict())
    assert same(whole.averaged, second.averaged)
    for ours, theirs in zip(whole.optimizers, second.optimizers, strict=True):
        for a, b in zip(ours.state.values(), theirs.state.values(), strict=True):
            for name in a:
                assert torch.equal(torch.as_tensor(a[name]), torch.as_tensor(b[name])), name


def test_another_seed_is_another_run(config, tmp_path):
    first = steps(Trainer(config), 2)
    assert steps(Trainer(replace(config, seed=1, run=tmp_path / "b")), 2) != first
    assert steps(Trainer(replace(config, run=tmp_path / "c")), 2) == first


def test_it_learns(tmp_path):
    """A few poses of one object, seen from all sides at eye level, are learnt by heart."""
    write_poses(tmp_path / "object/thing.npz", bush(9), sequences=1, frames=3)
    easy = TrainConfig(
        data=str(tmp_path),
        run=tmp_path / "run",
        model="nano",
        samples=10**9,
        warmup=200,
        muon_rate=0.01,
        adamw_rate=1.5e-3,
        threads=1,
        views=ViewConfig(
            elevation=(0, 30),
            roll=5,
            tumbled=0,
            camera_known=1,
            up_known=1,
            noise=0,
            hidden=0,
            swapped=0,
            distance=(4, 6),
        ),
        sampler=SamplerConfig(
            rigs=1,
            per_rig=32,
            stretch=0,
            mirror=0,
            edges_dropped=0,
            rig=RigConfig(subrig=0, markers=0),
            limbs=LimbConfig(bones=0, swung=0),
        ),
    )
    trainer = Trainer(easy)
    terms = [trainer.step() for _ in range(120)]
    for name, factor in (("procrustes", 6), ("camera", 2.5)):
        course = [float(t[name].detach()) for t in terms]
        assert np.mean(course[-10:]) < np.mean(course[:10]) / factor, name
    assert float(terms[-1]["sigma"].detach()) < float(terms[0]["sigma"].detach())
    with trainer.averaged_model() as model:
        found = validate(model, {"object/thing": trainer.sampler.sets[0]}, easy.views)
    assert found["validation/procrustes"] < 0.7 * found["validation/flat"]
    assert found["validation/camera"] < 0.7 * found["validation/flat_camera"]


def test_a_run_leaves_what_is_needed(config):
    trainer = run(replace(config, validate_every=48))
    assert trainer.samples == 96
    folder = config.run
    about = json.loads((folder / checkpoint.CONFIG).read_text())
    assert about["samples"] == 96
    assert about["steps"] == 6
    assert about["model"] == NANO.as_dict()
    assert about["train"]["seed"] == 0
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    validations = [e for e in entries if "validation/procrustes" in e]
    assert [e["samples"] for e in validations] == [48, 96]
    assert {"validation/flat", "validation/human", "validation/robot"} <= set(validations[0])
    assert list(folder.glob("events.out.tfevents.*")), "TensorBoard's log"
    assert not list(folder.glob("*.part"))
    model, again = checkpoint.load_weights(folder)
    assert again == about
    assert not model.training
    assert same(model.state_dict(), trainer.averaged)
    # A run that is complete has nothing left to do.
    assert run(replace(config, validate_every=48)).steps == 6
    longer = run(replace(config, samples=128))
    assert longer.samples == 128


def test_our_own_kinematics_need_no_data(tmp_path):
    config = TrainConfig(
        data="builtin",
        run=tmp_path / "run",
        model="nano",
        samples=64,
        sampler=SamplerConfig(rigs=2, per_rig=16),
        threads=1,
    )
    trainer = run(config)
    assert trainer.samples == 64
    names = {n.split("/")[1] for n in trainer.train_sets}
    assert {"scene_person", "scene_hand", "scene_arm"} <= names
    assert set(trainer.validation_sets) == set(trainer.train_sets)
    for name, poses in trainer.validation_sets.items():
        train = trainer.train_sets[name]
        assert not set(poses.sequence.tolist()) & set(train.sequence.tolist())
        assert len(poses) > 100
        assert np.isfinite(poses.xyz).all()
        assert (poses.skeleton.adjacency.sum() > 0).all()


def test_invented_sets_are_trained_on_beside_the_data_and_named_as_three(config):
    trainer = Trainer(replace(config, invented=8))
    groups = {poses.group for poses in trainer.train_sets.values()}
    assert groups == {"human", "robot", "shape", "creature", "hand_like"}
    assert {poses.group for poses in trainer.validation_sets.values()} == {"human", "robot"}
    trainer.step()
    trainer.save()
    about = json.loads((config.run / "config.json").read_text())
    assert set(about["sets"]) == {
        "human/walk",
        "robot/arm",
        "shape/random",
        "creature/random",
        "hand_like/random",
    }


def test_sets_without_sequences_enough_are_trained_on_and_not_validated(tmp_path):
    write_poses(tmp_path / "data/object/thing.npz", bush(9), sequences=2, frames=10)
    config = TrainConfig(
        data=str(tmp_path / "data"),
        run=tmp_path / "run",
        model="nano",
        samples=32,
        validate_every=16,
        sampler=SamplerConfig(rigs=1, per_rig=16),
        threads=1,
    )
    trainer = run(config)
    assert not trainer.validation_sets
    assert trainer.steps == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_the_step_to_end(config, tmp_path, monkeypatch, number):
    """What is saved is what as many whole steps give, wherever the signal comes."""
    whole = Trainer(replace(config, run=tmp_path / "whole"))
    steps(whole, 2)

    def interrupted(self, batch, views):
        if self.steps == 1:
            signal.raise_signal(number)
        return original(self, batch, views)

    original = Learner.backward
    monkeypatch.setattr(Learner, "backward", interrupted)
    before = signal.getsignal(number)
    assert run(config).steps == 2
    assert signal.getsignal(number) == before
    again = Trainer(config)
    assert again.steps == 2
    assert same(again.model.state_dict(), whole.model.state_dict())
    assert same(again.averaged, whole.averaged)


def test_a_second_interrupt_ends_at_once_and_saves_nothing(config, monkeypatch):
    run(replace(config, samples=32))

    def impatient(self, batch, views):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("this step went on")

    monkeypatch.setattr(Learner, "backward", impatient)
    with pytest.raises(KeyboardInterrupt):
        run(config)
    assert Trainer(config).steps == 2


def test_fine_tuning_starts_from_the_averaged_weights(config, tmp_path):
    first = run(replace(config, samples=32))
    tuned = Trainer(replace(config, run=tmp_path / "tuned", init=str(config.run)))
    assert same(tuned.model.state_dict(), first.averaged)
    assert tuned.model.training
    assert tuned.steps == 0


def test_a_run_of_another_network_is_not_continued(config):
    run(replace(config, samples=16))
    with pytest.raises(InputError, match=r"run was begun with another network.*'tiny'"):
        Trainer(replace(config, model="tiny"))


def test_wrong_names_are_answered(config, tmp_path):
    with pytest.raises(InputError, match=r"'giant'.*tiny.*base"):
        Trainer(replace(config, model="giant"))
    with pytest.raises(InputError, match="nowhere is not a folder"):
        Trainer(replace(config, data=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("damage", ["missing", "not json", "other shape", "truncated"])
def test_a_damaged_run_is_named(config, damage):
    run(replace(config, samples=16))
    weights, about = config.run / checkpoint.WEIGHTS, config.run / checkpoint.CONFIG
    if damage == "missing":
        weights.unlink()
    elif damage == "not json":
        about.write_text("{")
    elif damage == "other shape":
        content = json.loads(about.read_text())
        content["model"]["width"] = 64
        about.write_text(json.dumps(content))
    else:
        weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"(?s)run holds no usable run.*training\.train"):
        checkpoint.load_weights(config.run)


def test_a_truncated_state_is_named(config):
    run(replace(config, samples=16))
    state = config.run / checkpoint.STATE
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ModelError, match=rf"{checkpoint.STATE}.*remove it"):
        Trainer(config)


@pytest.mark.parametrize(
    ("content", "why"), [({"model": {}}, "it lacks averaged"), ([1], "it lacks"), (None, "Error")]
)
def test_a_state_of_something_else_is_named(config, content, why):
    run(replace(config, samples=16))
    state = config.run / checkpoint.STATE
    if content is None:
        state.write_bytes(b"garbage")
    else:
        torch.save(content, state)
    with pytest.raises(ModelError, match=rf"{checkpoint.STATE} is damaged.*{why}") as raised:
        Trainer(config)
    assert "weights_only" not in str(raised.value)


def test_a_run_that_goes_on_with_something_else_says_so(config, tmp_path):
    run(replace(config, samples=16))
    other = tmp_path / "other"
    write_poses(other / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=2)
    again = replace(config, data=str(other), samples=32)
    assert run(again).changes == [f"data {config.data!r} -> {str(other)!r}"]
    log = (config.run / "log.jsonl").read_text()
    assert "goes on with something else" in log
    assert run(replace(again, samples=48)).changes == []


def test_rates_warm_up_stay_and_cool_down():
    config = TrainConfig(samples=1000, warmup=100, cooldown=0.2)
    rates = [rate_factor(n, config) for n in range(0, 1001, 10)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[20:80] == [1.0] * 60
    assert rates[90] == pytest.approx(0.5)
    assert rates[100] == 0
    assert all(np.diff(rates[:11]) > 0)
    assert all(np.diff(rates[80:]) < 0)
    assert rate_factor(500, TrainConfig(samples=1000, warmup=0, cooldown=0.0)) == 1


def test_muon_gets_the_matrices_of_the_blocks_and_adamw_the_rest():
    model = Lifting(NANO)
    muon, adamw = build_optimizers(model, TrainConfig())
    inner = {id(p) for group in muon.param_groups for p in group["params"]}
    outer = {id(p) for group in adamw.param_groups for p in group["params"]}
    named = dict(model.named_parameters())
    assert not inner & outer
    assert inner | outer == {id(p) for p in named.values()}
    assert {n for n, p in named.items() if id(p) in inner} == {
        n for n, p in named.items() if n.startswith("blocks.") and p.ndim == 2
    }


def test_what_cannot_be_known_is_not_asked_for(config):
    """Points without truth, and points that are neither seen nor joined to another."""
    from training.cameras import render

    trainer = Trainer(config)
    for _ in range(10):
        batch = trainer.sampler.batch()
        views = render(batch.xyz, batch.valid, batch.up, ViewConfig(hidden=1.0))
        weight = knowable(batch, views)
        edges = batch.adjacency[batch.skeleton_index].sum(-1) > 0
        expected = batch.valid & ((views.confidence > 0) | edges)
        assert torch.equal(weight > 0, expected)
    assert not expected.all()


@pytest.mark.slow
def test_the_command_line_trains_and_goes_on(tmp_path):
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "training.train", "--data", "builtin", "--model", "tiny"]
    command += ["--run", str(tmp_path / "run"), "--samples", "768", "--threads", "1"]
    for expected in (768, 768):
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == 0, done.stderr
        about = json.loads((tmp_path / "run" / checkpoint.CONFIG).read_text())
        assert about["samples"] == expected
        export = (
            f"training.export --run {tmp_path}/run --name lfm_run.v1 --output config/models/run"
        )
        assert export in done.stdout
