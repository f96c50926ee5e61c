"""NVIDIA's real parser and builder, on a machine without a GPU."""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import pairwise

import onnx
import pytest
import tensorrt_rtx  # noqa: F401  (where it is missing, this file is left out)
from small_model import small_model

from lfm_ros.cli import main
from lfm_ros.core.errors import EngineError
from lfm_ros.engines import nvidia
from lfm_ros.engines.build import build
from lfm_ros.engines.nvidia_log import NvidiaLog
from lfm_ros.engines.profiles import PROFILES
from lfm_ros.models import available, load_model

DESKTOPS = [(8, 6), (8, 9), (12, 0)]
KERNELS_A_BLOCK = 10


@pytest.fixture(scope="module")
def rtx():
    return nvidia.find(nvidia.RTX)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model") / "small")


@pytest.mark.parametrize("role", ["fp32", "fp16"])
@pytest.mark.parametrize("name", available())
def test_the_parser_takes_every_file_without_a_warning(rtx, name, role):
    path = load_model(name).path(role)
    with rtx.log.recording() as log:
        builder = rtx.module.Builder(rtx.logger)
        network = rtx.create_network(builder)
        parser = rtx.module.OnnxParser(network, rtx.logger)
        assert parser.parse(path.read_bytes())
    assert [str(entry) for entry in log if entry.serious] == []
    assert any(entry.severity == "VERBOSE" for entry in log), "the log was not heard"
    assert network.num_inputs == 6


def check_kernels(built, path):
    """Fused attention is as many kernels as calls; a block is at most ten."""
    assert built.warnings == []
    attentions = Counter(node.op_type for node in onnx.load(path).graph.node)["Softmax"]
    assert len(built.kernels) == len(built.scratch_bytes) == len(PROFILES)
    for names in built.kernels:
        places = [place for place, name in enumerate(names) if "mha" in name]
        assert len(places) == attentions
        blocks = [after - before for before, after in pairwise(places)]
        assert max(blocks) <= KERNELS_A_BLOCK, names


def test_one_engine_for_three_desktop_gpus(rtx):
    model = load_model()
    built = build(model, rtx, "fp16", DESKTOPS)
    check_kernels(built, model.path("fp16"))
    assert 1e6 < len(built.plan) < 1e8
    assert max(built.scratch_bytes) < 300e6
    assert built.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize("target", DESKTOPS, ids=lambda target: f"sm{target[0]}{target[1]}")
@pytest.mark.parametrize("name", available())
def test_each_desktop_gpu_of_its_own(rtx, name, target):
    model = load_model(name)
    check_kernels(build(model, rtx, "fp16", [target]), model.path("fp16"))


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_the_fp32_file_builds_too(rtx, name):
    built = build(load_model(name), rtx, "fp32", DESKTOPS)
    assert built.warnings == []
    assert len(built.kernels) == len(PROFILES)


def test_progress_is_told_while_it_builds(rtx, small):
    phases: dict[str, list[float]] = {}
    build(
        small,
        rtx,
        "fp16",
        [(8, 9)],
        lambda phase, share: phases.setdefault(phase, []).append(share),
    )
    assert len(phases) > 3
    assert all(shares[0] == 0 and shares[-1] == 1 for shares in phases.values())
    assert all(0 <= share <= 1 for shares in phases.values() for share in shares)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ((8, 7), r"cannot build for compute capability 8\.7, only for 7\.5, 8\.0.*libnvinfer"),
        ((9, 0), r"cannot build for compute capability 9\.0"),
    ],
)
def test_a_gpu_that_it_cannot_build_for_is_refused_with_what_to_do(rtx, small, target, sentence):
    with pytest.raises(EngineError, match=sentence):
        build(small, rtx, "fp16", [target])


def test_a_file_that_is_no_onnx_is_refused_in_nvidias_words(rtx, small, tmp_path):
    broken = small_model(tmp_path / "broken")
    broken.path("fp16").write_bytes(b"not an ONNX file")
    with pytest.raises(EngineError, match=r"does not take fp16\.onnx: .+ONNX Runtime"):
        build(broken, rtx, "fp16", [(8, 9)])
    with pytest.raises(EngineError, match="precision 'int8' is not known"):
        build(small, rtx, "int8")


def test_a_library_is_found_once_and_keeps_its_logger():
    assert nvidia.find(nvidia.RTX) is nvidia.find(nvidia.RTX)
    with pytest.raises(EngineError, match=r"'tensorflow' is not known; use one of .*tensorrt_rtx"):
        nvidia.find("tensorflow")


def test_a_library_that_is_missing_or_broken_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(nvidia, "_found", {})
    for name in nvidia.NAMES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineError, match=r"python3-libnvinfer.*pip install tensorrt-rtx-cu13"):
        nvidia.find()


def test_the_log_keeps_what_is_serious_and_records_all():
    log = NvidiaLog()
    assert log.last_error() == "it gave no reason"
    log.take("ERROR", "before")
    with log.recording() as outer:
        log.take("VERBOSE", "detail")
        with log.recording() as inner:
            log.take("WARNING", "careful")
    log.take("VERBOSE", "after")
    assert [entry.text for entry in outer] == ["detail", "careful"]
    assert [entry.text for entry in inner] == ["careful"]
    assert [entry.text for entry in log.serious()] == ["before", "careful"]
    assert log.last_error() == "before"


def test_the_command_builds_a_file_and_describes_it(small, tmp_path, capsys):
    path = tmp_path / "an.plan"
    command = ["build-engine", "--model", str(small.folder), "--module", "tensorrt_rtx"]
    ahead = [*command, "--compute-capability", "8.6", "12.0", "--output", str(path)]
    assert main(ahead) == 0
    out, err = capsys.readouterr()
    assert "building for compute capability 8.6, 12.0" in err
    assert "lfm_small.v1 fp16" in out
    assert "64..1024 x 2..32 keypoints" in out
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["identity"]["compute_capability"] == [[8, 6], [12, 0]]
    assert about["size"] == path.stat().st_size
    assert main(ahead) == 2
    assert "exists; give --force" in capsys.readouterr().err
    assert main([*ahead, "--force", "--precision", "fp32"]) == 0


def test_the_command_says_what_it_lacks(small, tmp_path, capsys, monkeypatch):
    command = ["build-engine", "--model", str(small.folder), "--module", "tensorrt_rtx"]
    assert main([*command, "--output", str(tmp_path / "an.plan")]) == 2
    assert "--compute-capability" in capsys.readouterr().err
    assert main([*command, "--compute-capability", "8.9", "--output", "an.json"]) == 2
    assert "name it an.plan" in capsys.readouterr().err
    monkeypatch.setattr("lfm_ros.engines.cuda.opening._DRIVER", "libno-such-driver.so")
    assert main(command) == 2
    assert "--compute-capability, of 7.5, 8.0, 8.6" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "--compute-capability", "sm89"])
    assert "not of the form 8.9" in capsys.readouterr().err
