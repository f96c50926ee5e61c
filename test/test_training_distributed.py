"""Two processes that train together, over gloo, as torchrun starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from synthetic import bush, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401
from training_rank import POSES, STEPS, config, gradient

from training.trainer import Trainer

WORKER = Path(__file__).with_name("training_rank.py")
LONGEST = 90


def start(rank: int, port: int, folder: Path) -> subprocess.Popen[str]:
    own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(folder)],
        env={**os.environ, **own, **meeting},
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    write_poses(folder / "data/human/walk.npz", bush(9), sequences=8, frames=6)
    return folder


@pytest.fixture(scope="module")
def pair(folder) -> list[dict[str, Any]]:
    """What each of the two processes found."""
    port = free_port()
    processes = [start(rank, port, folder) for rank in range(2)]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=LONGEST)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def test_the_gradient_is_that_of_one_process_on_both_batches(pair, folder):
    whole = gradient(Trainer(config(folder.parent / "alone", folder / "data")), slice(POSES))
    for one in pair:
        for ours, theirs in zip(one["gradient"], whole, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert max(float(g.abs().max()) for g in whole) > 1e-3


def test_both_stay_equal_though_they_see_different_poses(pair):
    first, second = pair
    assert all(a != b for a, b in zip(first["losses"], second["losses"], strict=True))
    for name, tensors in first["state"].items():
        assert tensors, name
        for ours, theirs in zip(tensors, second["state"][name], strict=True):
            assert torch.equal(ours, theirs), name


def test_samples_of_both_are_counted(pair):
    assert [one["samples"] for one in pair] == [2 * STEPS * POSES] * 2


def test_what_one_wishes_both_do(pair):
    assert [one["agreed"] for one in pair] == [(True, False)] * 2


def test_each_goes_on_with_its_own_random_numbers(pair):
    for one in pair:
        assert one["resumed"] == one["next"]


def test_another_number_of_processes_goes_on_with_new_random_numbers(pair, folder):
    alone = Trainer(config(folder))
    assert alone.samples == 2 * STEPS * POSES
    assert float(alone.step()["total"]) not in [one["next"] for one in pair]
    assert alone.samples == (2 * STEPS + 1) * POSES
