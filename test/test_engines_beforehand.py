"""``lfm build-engine`` fills the cache that the node reads, with stand-ins for library and GPU."""

from __future__ import annotations

import json

import pytest
from stand_in_gpu import StandInGpu
from tensorrt_bench import Bench

from lfm_ros import Lifter
from lfm_ros.cli import main
from lfm_ros.core.errors import EngineError
from lfm_ros.engines.cuda import opening

COMMAND = ["build-engine", "--model", "lfm_tiny"]


@pytest.fixture
def bench(monkeypatch, tmp_path):
    return lambda generation="rtx", **gpu: Bench(monkeypatch, tmp_path, generation, **gpu)


def no_gpu():
    raise EngineError("there is no GPU here")


def started(b: Bench) -> list[str]:
    """What is announced when a node starts."""
    said: list[str] = []
    Lifter.from_pretrained("lfm_tiny", b.library, notice=said.append).close()
    return said


@pytest.mark.parametrize("generation", ["8.6", "10.3", "10.16", "rtx"])
def test_on_the_robot_the_first_start_then_builds_nothing(bench, generation, capsys):
    b = bench(generation)
    assert main([*COMMAND, "--module", b.library]) == 0
    assert f"{b.model.name} fp16: " in capsys.readouterr().out
    node = bench(generation)
    assert started(node) == []
    assert (b.told.builds, node.told.builds) == (1, 0)


def test_without_a_gpu_an_engine_for_each_kind_of_gpu(bench, monkeypatch, tmp_path):
    b = bench()
    monkeypatch.setattr(opening, "open_device", no_gpu)
    targets = ["--compute-capability", "8.6", "8.9"]
    assert main([*COMMAND, "--module", b.library, *targets]) == 0
    assert b.told.builds == 2
    for capability in ((8, 6), (8, 9)):
        node = bench(compute_capability=capability)
        assert started(node) == []
        assert node.told.builds == 0
    other = bench(compute_capability=(12, 0))
    assert "none is in the cache" in started(other)[0]
    assert other.told.builds == 1
    assert len(list(tmp_path.rglob("*.plan"))) == 3


def test_every_driver_tries_an_engine_for_itself(bench, monkeypatch, tmp_path):
    bench().engine().close()
    (sidecar,) = tmp_path.rglob("*.json")
    assert json.loads(sidecar.read_text())["golden"]["on"] == ["Stand-in GPU", "12.6"]
    monkeypatch.setattr(StandInGpu, "driver", "13.0")
    node = bench()
    assert started(node) == []
    assert node.told.builds == 0
    assert json.loads(sidecar.read_text())["golden"]["on"] == ["Stand-in GPU", "13.0"]


def test_full_tensorrt_builds_for_no_gpu_but_its_own(bench, capsys):
    b = bench("10.3")
    command = [*COMMAND, "--module", b.library, "--compute-capability", "8.7"]
    assert main(command) == 2
    assert "builds only for the GPU that it runs on" in capsys.readouterr().err
    assert b.told.builds == 0


@pytest.mark.parametrize("targets", [[], ["--compute-capability", "8.9"]])
def test_an_engine_that_cannot_be_kept_is_no_success(bench, monkeypatch, capsys, targets):
    b = bench()
    monkeypatch.setenv("LFM_CACHE_DIR", "/proc/no/place")
    assert main([*COMMAND, "--module", b.library, *targets]) == 2
    said = capsys.readouterr().err
    assert "/proc/no/place/engines cannot be written" in said
    assert "LFM_CACHE_DIR" in said
