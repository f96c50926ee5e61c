"""``lfm bench``: what it counts, how it takes turns, and what it writes down."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lfm_ros.bench import plain_networks
from lfm_ros.bench.cold_start import cold_start
from lfm_ros.bench.contender import ours, peer
from lfm_ros.bench.document import rounded
from lfm_ros.bench.figures import Row
from lfm_ros.bench.flops import mlp_flop, network_flop
from lfm_ros.bench.interleave import interleaved
from lfm_ros.bench.pacing import paced
from lfm_ros.bench.plain_networks import MLP_BLOCKS, MLP_WIDTH, product, residual_mlp
from lfm_ros.bench.targets import judge
from lfm_ros.cli import main
from lfm_ros.core.errors import EngineError
from lfm_ros.engines.onnxruntime import OnnxRuntimeEngine
from lfm_ros.engines.select import BACKENDS
from lfm_ros.lifter import Lifter
from lfm_ros.models import Model, load_model

ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
MLP = f"mlp_{MLP_BLOCKS}x{MLP_WIDTH}"


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx", reason="onnx is not installed")


def products_of(model: Model, inputs: dict[str, np.ndarray], folder: Path) -> float:
    """Operations of the matrix products of one call, from the shapes that ONNX Runtime saw."""
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(model.path("fp32")), options)
    types = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
    wanted = {i.name: types.get(i.type, np.float32) for i in session.get_inputs()}
    session.run(None, {name: np.asarray(inputs[name], kind) for name, kind in wanted.items()})
    events = json.loads(Path(session.end_profiling()).read_text())
    total = 0.0
    for event in events:
        said = event.get("args", {})
        if said.get("op_name") not in ("MatMul", "Gemm") or "output_type_shape" not in said:
            continue
        (left,) = said["input_type_shape"][0].values()
        (out,) = said["output_type_shape"][0].values()
        total += 2.0 * np.prod(out) * left[-1]
    return total


@pytest.mark.parametrize("size", [(1, 17), (3, 40)])
@pytest.mark.parametrize("name", ["lfm_base", "lfm_tiny"])
def test_the_networks_arithmetic_is_what_its_graph_does(
    name: str, size: tuple[int, int], tmp_path: Path
) -> None:
    with Lifter.from_pretrained(name, "onnxruntime") as lifter:
        engine, _ = ours(name, lifter, *size)
        seen: list[dict[str, np.ndarray]] = []
        real = lifter.engine.infer
        lifter.engine.infer = lambda inputs: seen.append(dict(inputs)) or real(inputs)  # type: ignore[method-assign]
        engine.call()
    counted = products_of(lifter.model, seen[0], tmp_path)
    formula = network_flop(lifter.model.manifest["architecture"], *size)
    assert engine.flop == formula == counted


def test_the_peer_is_the_published_mlp(onnx, tmp_path: Path) -> None:
    model = residual_mlp(tmp_path, 17)
    file = onnx.load(model.path("fp32"))
    weights = [onnx.numpy_helper.to_array(w) for w in file.graph.initializer]
    assert sum(w.size for w in weights if w.dtype == np.float32) == pytest.approx(4.29e6, rel=0.01)
    one = peer(OnnxRuntimeEngine(model), 5, 17)
    one.call()
    drawn = np.random.default_rng(0).uniform(-0.7, 0.7, (5, 17, 2)).astype(np.float32)
    inputs = {"keypoints": drawn, "confidence": np.ones((5, 17), np.float32)}
    found = OnnxRuntimeEngine(model).infer(inputs)["points"]
    assert found.shape == (5, 17, 3)
    assert np.ptp(found) > 0.01
    counted = products_of(model, inputs, tmp_path)
    assert one.flop == mlp_flop(MLP_WIDTH, MLP_BLOCKS, 5, 17) == counted


def test_the_roof_is_a_product_and_nothing_else(onnx, tmp_path: Path) -> None:
    model = product(tmp_path, 8, 24)
    nodes = onnx.load(model.path("fp32")).graph.node
    assert [node.op_type for node in nodes] == ["MatMul"]
    inputs = {"keypoints": np.ones((3, 8), np.float32), "confidence": np.ones((1, 3), np.float32)}
    assert OnnxRuntimeEngine(model).infer(inputs)["points"].shape == (3, 24)


def test_all_take_turns_and_none_is_left_out() -> None:
    order: list[str] = []

    def busy(name: str, seconds: float):
        def call() -> None:
            order.append(name)
            time.sleep(seconds)

        return call

    fast, slow = interleaved([busy("fast", 0.001), busy("slow", 0.03)], 0.001)
    assert len(slow.wall) == len(slow.cpu) == 3
    assert len(fast.wall) > 3
    assert fast.wall.min() >= 0.001
    assert slow.wall.min() >= 0.03
    assert slow.cpu.max() < 0.03
    turns = [name for name, before in zip(order[1:], order, strict=False) if name != before]
    assert turns == ["slow", "fast"] * 3 + ["slow"]


def test_waiting_by_spinning_shows_as_processor_time() -> None:
    def spinning() -> None:
        end = time.process_time() + 0.004
        while time.process_time() < end:
            pass

    idle = paced(lambda: time.sleep(0.004), 0.2)
    busy = paced(spinning, 0.2)
    assert idle.latency >= 0.004
    assert busy.cpu >= 0.004
    assert idle.cpu < busy.cpu


def row(what: str, model: str, size: tuple[int, int], **figures: float) -> Row:
    where = {"instances": size[0], "keypoints": size[1], "backend": "onnxruntime"}
    return {"what": what, "model": model, **where, **figures}


def test_the_worst_figure_is_what_a_target_is_held_against() -> None:
    rows = [
        row("engine", "lfm_base", (10, 17), share_of_roof=0.1, cpu_ratio=1.0),
        row("engine", "lfm_base", (64, 17), share_of_roof=0.7),
        row("engine", "lfm_base", (64, 133), share_of_roof=0.5),
        row("engine", "lfm_tiny", (1, 17), p50=0.3, cpu_ratio=1.2),
        row("peer", MLP, (1, 17), p50=0.2, cpu_ratio=9.0),
    ]
    shares, ratio, cpu = judge(rows)
    assert (shares.found, shares.met) == (0.5, False)
    assert (ratio.found, ratio.met) == (pytest.approx(1.5), True)
    assert (cpu.found, cpu.met) == (1.2, True)
    assert [target.met for target in judge([])] == [None] * 3


def test_a_document_keeps_four_digits() -> None:
    assert rounded({"a": [1.23456, 7, None, "x"], "b": 123456.7}) == {
        "a": [1.235, 7, None, "x"],
        "b": 123500.0,
    }


def test_bench_measures_all_side_by_side(
    onnx, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "bench.json"
    sizes = ["--batch", "1", "2", "--keypoints", "17", "--models", "lfm_tiny"]
    only = ["--backends", "onnxruntime", "--seconds", "0.05"]
    assert main(["bench", *sizes, *only, "--json", str(report)]) == 0
    shown = capsys.readouterr().out
    found = json.loads(report.read_text())
    kinds = ["engine", "lifter", "peer", "roof"]
    assert [(r["instances"], r["what"]) for r in found["rows"]] == [
        (count, kind) for count in (1, 2) for kind in kinds
    ]
    for one in found["rows"]:
        assert 0 < one["best"] <= one["p50"] <= one["p95"] <= one["p99"]
        assert one["calls"] >= 3
        assert f"{one['instances']}x17" in shown
    network, whole = found["rows"][:2]
    assert network["cpu"] > 0
    assert network["cpu_30hz"] > 0
    assert network["share_of_roof"] > 0
    steps = whole["steps"]
    assert {"normalize", "engine", "align", "place", "checks"} <= set(steps)
    assert found["backends"]["onnxruntime"] is None
    assert all(why for name, why in found["backends"].items() if name != "onnxruntime")
    assert set(found["backends"]) == set(BACKENDS)
    (cold,) = found["cold"]
    parts = cold["import"] + cold["load"] + cold["first_call"]
    assert parts == pytest.approx(cold["total"], rel=0.01)
    assert cold["rss_largest"] > cold["rss_added"] > 1
    assert (
        found["models"]["lfm_tiny"]["parameters"] == load_model("lfm_tiny").manifest["parameters"]
    )
    assert len(found["targets"]) == 3
    assert found["versions"]["onnxruntime"] == ort.__version__
    assert found["machine"]["processor"]


def test_without_onnx_our_figures_stay_and_a_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("lfm_ros.bench.measure._cold", lambda *_: [])
    assert "pip install onnx" in (plain_networks.unavailable() or "")
    report = tmp_path / "bench.json"
    few = ["--batch", "1", "--keypoints", "17", "--models", "lfm_tiny", "--seconds", "0.01"]
    assert main(["bench", *few, "--backends", "onnxruntime", "--json", str(report)]) == 0
    found = json.loads(report.read_text())
    assert [one["what"] for one in found["rows"]] == ["engine", "lifter"]
    assert "pip install onnx" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--ros", "--soak", "0"], "--soak must be above 0 minutes"),
        (["--backends", "warp"], r"\['warp'\] is not known"),
        (["--models", "nobody"], "'nobody' is not there"),
        (["--ros", "--models", "a", "b"], "takes one name"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *options]) == 2
    assert re.search(sentence, capsys.readouterr().err)


def test_a_cold_start_that_fails_says_why() -> None:
    with pytest.raises(EngineError, match=r"fresh process.*'nobody'"):
        cold_start("nobody", "onnxruntime", 1, (1, 17))


@pytest.mark.ros
@pytest.mark.slow
def test_bench_of_the_node_says_what_it_adds_to_a_relay(tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2")
    report = tmp_path / "bench.json"
    assert main(["bench", "--ros", "--quick", "--plain", "--json", str(report)]) == 0
    rows = json.loads(report.read_text())["rows"]
    assert [one["size"] for one in rows] == ["1x17", "10x17"]
    for one in rows:
        assert 0 < one["added"] < one["p50"]
        assert min(one[name] for name in ("relay", "carrier", "engine", "plain_p50", "cpu")) > 0
        spans = sum(one[name] for name in ("decode", "waiting", "geometry", "output"))
        assert 0 < spans < one["p95"]
        assert min(one["in_a_loop"], one["rested"]) > 0


@pytest.mark.ros
def test_a_frame_s_steps_are_those_of_the_node_without_the_network() -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2")
    from lfm_ros.bench.frame_steps import frame_steps

    began = time.perf_counter()
    steps = frame_steps(2, 5, {"model": "lfm_tiny", "cpu_threads": 1})
    assert set(steps) == {"in_a_loop", "rested"}
    assert 0 < min(steps.values()) <= max(steps.values()) < 1e3 * (time.perf_counter() - began)


@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.parametrize("options", [["--soak", "0.1"], ["--flood", "--seconds", "2"]])
def test_under_load_every_frame_is_accounted_for(options: list[str], tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2")
    report = tmp_path / "bench.json"
    assert main(["bench", *options, "--json", str(report)]) == 0
    (one,) = json.loads(report.read_text())["rows"]
    assert one["answered"] == one["frames_out"] > 0
    assert one["frames_out"] + one["dropped"] + one["uncounted"] == one["sent"]
    assert one["uncounted"] == 0


def test_without_ros_the_node_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    assert main(["bench", "--ros"]) == 2
    assert "no ROS 2 here" in capsys.readouterr().err
