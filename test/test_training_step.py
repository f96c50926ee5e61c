"""One step: the optimizers, what guards them, and that nothing in it waits for the device."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from synthetic import bush, chain, write_poses
from torch.utils._python_dispatch import TorchDispatchMode
from torch_fixtures import one_thread, seeded  # noqa: F401

from training.config import TrainConfig
from training.data.sampler import SamplerConfig
from training.graphs import BUCKETS, bucket, padded
from training.guards import LONGEST_ROW, DivergedError, Guard
from training.model import PRESETS, Lifting, ModelConfig
from training.optimizers import StackedMuon
from training.step import see, told
from training.train import run
from training.trainer import Trainer

NANO = ModelConfig(width=32, layers=2, heads=2, walk_steps=4)
PLAIN = {"noise": 0.0, "hidden": 0.0, "swapped": 0.0, "camera_known": 1.0, "up_known": 1.0}


@pytest.fixture(autouse=True)
def nano(monkeypatch):
    monkeypatch.setitem(PRESETS, "nano", NANO)


@pytest.fixture
def config(tmp_path):
    data = tmp_path / "data"
    write_poses(data / "human/walk.npz", bush(9), sequences=8, frames=6)
    write_poses(data / "robot/arm.npz", chain(8), sequences=4, frames=6, seed=1)
    return TrainConfig(
        data=str(data),
        run=tmp_path / "run",
        model="nano",
        samples=10**6,
        warmup=1,
        sampler=SamplerConfig(rigs=2, per_rig=8),
        threads=1,
        device="cpu",
    )


def everything(trainer: Trainer) -> list[torch.Tensor]:
    """Weights and moments, as they are now."""
    tensors = list(trainer.model.state_dict().values())
    for optimizer in trainer.optimizers:
        tensors += [torch.as_tensor(t) for s in optimizer.state.values() for t in s.values()]
    return [t.detach().clone() for t in tensors]


@pytest.mark.parametrize("stacked", [False, True])
def test_stacked_muon_is_torchs_muon(stacked):
    ours = Lifting(NANO).blocks
    theirs = copy.deepcopy(ours)
    sides = [[p for p in blocks.parameters() if p.ndim == 2] for blocks in (ours, theirs)]
    settings = {"lr": 0.02, "weight_decay": 0.1, "adjust_lr_fn": "original"}
    pair = [StackedMuon(sides[0], **settings), torch.optim.Muon(sides[1], **settings)]
    pair[0].stack_on_cpu = stacked
    for _ in range(4):
        for a, b in zip(*sides, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        for optimizer in pair:
            optimizer.step()
    for a, b in zip(*sides, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    saved = pair[0].state_dict()
    pair[1].load_state_dict(saved)  # a run may go on with either


@pytest.mark.parametrize("stacked", [False, True])
def test_a_gradient_that_is_not_finite_changes_nothing(config, monkeypatch, stacked):
    monkeypatch.setattr(StackedMuon, "stack_on_cpu", stacked)
    trainer = Trainer(config)
    for _ in range(2):
        trainer.step()
    before, steps = everything(trainer), trainer.steps
    weight = trainer.model.norm.weight
    handle = weight.register_hook(lambda g: g * math.nan)
    for _ in range(3):
        trainer.step()
    handle.remove()
    for old, new in zip(before, everything(trainer), strict=True):
        assert torch.equal(old, new)
    assert trainer.steps == steps + 3
    means = trainer.learner.guard.read()
    assert means["skipped"] == 3
    assert all(math.isfinite(v) for v in means.values())
    trainer.step()
    assert trainer.learner.guard.in_a_row == 0
    after = everything(trainer)
    assert not all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_run_that_goes_nowhere_stops_and_says_what_is_saved(config, monkeypatch):
    run(replace(config, samples=32))

    def broken(self, batch):
        return {"total": torch.tensor(math.nan), "gradient": torch.tensor(math.nan)}

    monkeypatch.setattr("training.step.Learner.eager_gradient", broken)
    with pytest.raises(DivergedError, match=r"(?s)not finite 1\d\d steps.*run holds.* 32 samples"):
        run(config)
    assert Trainer(config).samples == 32


def test_the_guard_counts_rows_and_notes_spikes():
    guard = Guard("cpu")
    for norm in (1.0, math.inf, math.nan):
        bad = guard.judge(torch.tensor(norm))
        guard.add({"total": torch.tensor(norm)}, bad)
    assert guard.in_a_row == 2
    assert guard.read() == {"total": 1.0, "skipped": 2.0}
    guard.check("nothing")
    guard.in_a_row += LONGEST_ROW
    with pytest.raises(DivergedError, match="nothing"):
        guard.check("nothing")
    assert [guard.spike(loss) for loss in (2.0, 1.9, 2.2)] == [None] * 3
    assert "loss spike: 4.000, where 2." in (guard.spike(4.0) or "")


class _NoWaiting(TorchDispatchMode):
    """Finds operations that make the host wait for a GPU, or that no CUDA graph may hold."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "lift_fresh", "_linalg_svd")
    WAITING += ("_linalg_eigh", "_unique2", "repeat_interleave", "equal")

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        indices = args[1] if name in ("index", "index_put", "index_put_") else ()
        masked = any(i is not None and i.dtype == torch.bool for i in indices)
        if name in self.WAITING or masked:
            self.found.append(name)
        return func(*args, **(kwargs or {}))


def test_no_step_waits_for_the_device(config):
    """What a GPU needs to be fed ahead, and a CUDA graph to be captured, held up on the CPU."""
    trainer = Trainer(config)
    trainer.step()
    batch = trainer.sampler.batch()
    learner, views = trainer.learner, see(batch, config)
    learner.gradient = lambda batch: learner.backward(batch, views)
    with _NoWaiting() as waiting:
        learner.learn(batch, 1.0)
    assert waiting.found == []
    with _NoWaiting() as waiting:
        float(torch.ones(1).sum())
        torch.ones(2)[torch.tensor([True, False])]
    assert waiting.found == ["_local_scalar_dense", "lift_fresh", "index"]


def test_a_batch_padded_to_a_bucket_is_the_same_batch(config):
    assert bucket(9) == 12
    assert bucket(BUCKETS[-1] + 1) == BUCKETS[-1] + 1
    config = replace(config, views=replace(config.views, **PLAIN))
    trainer = Trainer(config)
    batch = trainer.sampler.batch()
    count = batch.xyz.shape[1]
    more = padded(batch, bucket(count))
    views = []
    for b in (batch, more):
        torch.manual_seed(5)
        views.append(see(b, config))
    # Confidence is drawn anew for each shape.
    views[1].confidence[:, :count] = views[0].confidence
    with torch.no_grad():
        both = zip((batch, more), views, strict=True)
        outputs = [trainer.model(*told(b, v)) for b, v in both]
    assert not more.valid[:, count:].any()
    assert not more.adjacency[:, count:].any()
    assert (more.twin[:, count:] == torch.arange(count, bucket(count))).all()
    for short, long in zip(*outputs, strict=True):
        there = batch.valid
        torch.testing.assert_close(short[there], long[:, :count][there], rtol=1e-4, atol=1e-4)
