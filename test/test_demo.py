"""``lfm demo`` for real: its processes, its end in every way, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from demo_run import Demo, demo

from lfm_ros.core.errors import LfmError
from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.demo.graph import private_graph
from lfm_ros.demo.ledger import Tally
from lfm_ros.demo.processes import ProcessError, Processes
from lfm_ros.demo.requirements import HOST, check_requirements
from lfm_ros.demo.rigs import rig_names
from lfm_ros.demo.session import _exit_status
from lfm_ros.demo.settings import DemoOptions, make_plan
from lfm_ros.demo.summary import Summary
from lfm_ros.scene import Scene
from lfm_ros.skeletons import load_skeleton

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = [sys.executable, "-c", "import time; time.sleep(60)"]
print(subprocess.Popen(inner).pid, flush=True)
time.sleep(60)
"""
FAILING = "print('first line'); raise SystemExit('the reason is this')"
GENTLE = "import time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small programs that child processes can run as modules."""
    for name, text in (("stubborn", STUBBORN), ("failing", FAILING), ("gentle", GENTLE)):
        (tmp_path / f"{name}.py").write_text(text)
    root = Path(__file__).resolve().parents[1]
    path = [str(tmp_path), str(root), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return tmp_path


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process is there and has not just ended (a zombie has)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def test_a_process_that_does_not_listen_is_killed_with_its_children(modules: Path) -> None:
    with Processes(modules, hurry=lambda: True) as processes:
        process = processes.start("stubborn", "stubborn", [])
        wait_for(lambda: process.log.read_text().strip())
        inner = int(process.log.read_text())
        assert is_running(inner)
        assert processes.stop("stubborn") == ["stubborn"]
        assert process.status == -signal.SIGKILL
        wait_for(lambda: not is_running(inner))


def test_a_process_that_listens_is_not_killed(modules: Path) -> None:
    with Processes(modules, hurry=lambda: False) as processes:
        process = processes.start("gentle", "gentle", [])
        wait_for(lambda: process.log.read_text().strip())
        processes.check()
        assert processes.stop("gentle") == []
        assert process.status == -signal.SIGTERM


def test_a_process_that_ends_too_early_is_named_with_its_last_lines(modules: Path) -> None:
    with Processes(modules, hurry=lambda: False) as processes:
        process = processes.start("the failing one", "failing", [])
        wait_for(lambda: process.status is not None)
        with pytest.raises(ProcessError, match=r"the failing one ended with status 1") as raised:
            processes.check("the failing one")
        assert "first line" in str(raised.value)
        assert "the reason is this" in str(raised.value)


def test_processes_end_when_the_block_fails(modules: Path) -> None:
    started = []

    def fail() -> None:
        with Processes(modules, hurry=lambda: False) as processes:
            started.append(processes.start("gentle", "gentle", []))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert started[0].status is not None


@pytest.fixture
def no_domain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ROS_DOMAIN_ID", "ROS_LOG_DIR", "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_two_demos_have_two_graphs(no_domain: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with private_graph(tmp_path) as first:
        assert os.environ["ROS_DOMAIN_ID"] == str(first)
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
        assert os.environ["FASTDDS_BUILTIN_TRANSPORTS"] == "UDPv4"
        no_domain.delenv("ROS_DOMAIN_ID")
        taken = {first}
        for _ in range(20):
            with private_graph(tmp_path) as other:
                assert other not in taken
            no_domain.delenv("ROS_DOMAIN_ID", raising=False)
    assert "ROS_DOMAIN_ID" not in os.environ


def test_the_users_own_domain_is_used(no_domain: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_domain.setenv("ROS_DOMAIN_ID", "7")
    no_domain.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    with private_graph(tmp_path) as domain:
        assert domain == 7
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    no_domain.setenv("ROS_DOMAIN_ID", "0")
    with private_graph(tmp_path) as domain:
        assert domain == 0
    no_domain.setenv("ROS_DOMAIN_ID", "seven")
    with pytest.raises(LfmError, match="'seven'"), private_graph(tmp_path):
        pass


def test_the_plan_has_the_rigs_of_the_scene(tmp_path: Path) -> None:
    plan = make_plan(DemoOptions(), tmp_path)
    assert [rig.name for rig in plan.rigs] == [rig.name for rig in Scene().skeletons]
    assert [len(rig) for rig in plan.rigs] == [len(rig) for rig in Scene().skeletons]
    assert plan.frames is None
    assert "autostart:=false" in plan.lifter


def test_a_rig_that_nobody_knows_is_written_down(tmp_path: Path) -> None:
    root = RootFrame((0,), (0,), (1,), (1,), (2, 3))
    rig = Skeleton(["a", "b: c", "d", "e"], [(0, 1), (2, 3)], [(1, 2)], 1.5, root, name="odd")
    registered, written = rig_names([load_skeleton("coco17"), rig], tmp_path)
    assert registered == "coco17"
    assert load_skeleton(written) == rig


def test_a_known_name_for_another_rig_is_not_enough(tmp_path: Path) -> None:
    rig = Skeleton(["a", "b"], [(0, 1)], nominal_size=1.0, name="coco17")
    (written,) = rig_names([rig], tmp_path)
    assert len(load_skeleton(written)) == 2


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def test_a_computer_without_ros_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    with pytest.raises(LfmError, match="no ROS 2 here"):
        check_requirements(DemoOptions())


@pytest.mark.ros
def test_the_demo_goes_on_without_viser_and_without_tf(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2")
    monkeypatch.setitem(sys.modules, "viser", None)
    monkeypatch.setitem(sys.modules, "tf2_msgs", None)
    possible, shortfalls = check_requirements(DemoOptions(port=free_port()))
    assert not possible.viewer
    assert [text.split()[0] for text in shortfalls] == ["viser", "tf2_msgs"]


@pytest.mark.parametrize(
    ("seconds", "number", "summarized", "status"),
    [
        (20.0, 0, True, 0),
        (None, signal.SIGINT, True, 0),
        (None, signal.SIGINT, False, 130),
        (20.0, signal.SIGINT, True, 130),
        (None, signal.SIGTERM, True, 143),
    ],
)
def test_exit_status(seconds: float | None, number: int, summarized: bool, status: int) -> None:
    found = Summary(Tally(played=1, answered=1), None, 1.0, (1.0, 1.0), {}, {})
    options = DemoOptions(seconds=seconds)
    assert _exit_status(options, found if summarized else None, number) == status


def test_exit_status_of_a_demo_that_went_wrong() -> None:
    tally = Tally(played=1, answered=1)
    uneasy = Summary(tally, None, 1.0, (1.0, 1.0), {}, {}, problems=["player had to be killed"])
    short = Summary(Tally(played=2, answered=1, missing=1), None, 1.0, (1.0, 1.0), {}, {})
    for summary in (uneasy, short, None):
        assert _exit_status(DemoOptions(seconds=1.0), summary, 0) == 1


NEEDED = ("rclpy", "onnxruntime")
LACKING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
needs_ros = pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")


def assert_alone(running: Demo) -> None:
    assert running.children() == {}


@pytest.mark.ros
@needs_ros
def test_a_short_demo(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with demo("--seconds", "8", "--no-viewer", "--json", str(report)) as running:
        assert running.wait() == 0
        assert_alone(running)
        output = running.output
    found = json.loads(report.read_text())
    assert found["tally"]["played"] >= 150
    assert found["tally"]["answered"] >= 0.95 * found["tally"]["played"]
    assert found["tally"]["stray"] == 0
    assert found["status"]["engine"] == "onnxruntime"
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"]
    assert set(found["errors"]) >= {"scene_person", "scene_arm", "all"}
    assert 0 < found["errors"]["all"]["aligned"] < 500
    assert "unconfigured -> inactive -> active" in output
    assert "active -> inactive -> unconfigured -> finalized" in output
    assert output.count(" Hz | latency p50 ") in range(6, 9)
    assert "engine: onnxruntime: " in output


def write_recording(path: Path, rows: int = 75) -> None:
    """Two seconds and a half of the scene's chair under another name; some rows show nothing."""
    scene = Scene(noise=False)
    xyz, uv, confidence = [], [], []
    for row in range(rows):
        frame = scene.frame(row / 30)
        chair = next(
            b for b, k in enumerate(frame.skeleton) if scene.skeletons[k].name == "scene_chair"
        )
        width = len(next(rig for rig in scene.skeletons if rig.name == "scene_chair"))
        xyz.append(frame.truth[chair, :width])
        uv.append(frame.keypoints[chair, :width])
        confidence.append(frame.confidence[chair, :width] * (row % 5 > 0))
    chair = load_skeleton("scene_chair")
    np.savez(
        path,
        xyz=np.array(xyz),
        names=np.array([f"x_{name}" for name in chair.names]),
        edges=np.array(chair.edges),
        uv_det=np.array(uv),
        uv_det_conf=np.array(confidence),
        K=np.asarray(scene.camera.matrix),
        image_size=np.array(scene.camera.size),
        sequence=np.zeros(rows, int),
        unit=np.array("m"),
        up=np.array("-y"),
    )


@pytest.mark.ros
@needs_ros
def test_a_recording_of_an_unknown_rig_ends_by_itself(tmp_path: Path) -> None:
    data, report = tmp_path / "seat.npz", tmp_path / "report.json"
    write_recording(data)
    with demo("--data", str(data), "--no-viewer", "--json", str(report)) as running:
        assert running.wait() == 0
        assert_alone(running)
    found = json.loads(report.read_text())
    assert found["expected"] == found["wanted"] == 75
    assert found["tally"]["answered"] == 75
    assert found["tally"]["cleared"] == 15
    errors = found["errors"]["all"]
    assert errors["instances"] == 60
    assert all(errors[name] > 0 for name in ("aligned", "flat_seen", "root", "flat_root"))


@pytest.mark.ros
@needs_ros
def test_ctrl_c_ends_everything() -> None:
    with demo("--no-viewer") as running:
        running.until("2 s | ")
        assert len(running.children()) == 2
        running.process.send_signal(signal.SIGINT)
        assert running.wait() == 0
        assert_alone(running)
        assert "frames came back with valid markers" in running.output
        assert "Traceback" not in running.output


@pytest.mark.ros
@needs_ros
def test_a_signal_while_it_starts_ends_everything() -> None:
    with demo("--no-viewer", "--seconds", "60") as running:
        running.until("ROS graph")
        running.process.send_signal(signal.SIGINT)
        assert running.wait() == 130
        assert_alone(running)
        assert "Traceback" not in running.output


@pytest.mark.ros
@needs_ros
def test_a_node_that_dies_is_named() -> None:
    with demo("--no-viewer", "--seconds", "60") as running:
        running.until("1 s | ")
        os.kill(running.child("lfm_ros.ros.node"), signal.SIGKILL)
        assert running.wait() == 2
        assert_alone(running)
        assert "lifter ended by signal 9; its last lines:" in running.output
        assert "Traceback" not in running.output


@pytest.mark.ros
@needs_ros
def test_even_a_killed_demo_leaves_nothing() -> None:
    with demo("--no-viewer") as running:
        running.until("1 s | ")
        running.process.kill()
        running.wait()
        wait_for(lambda: not running.children())


@pytest.mark.ros
@needs_ros
def test_a_busy_port_is_one_sentence(busy_port: int) -> None:
    pytest.importorskip("viser", reason="without viser there is no viewer and no port")
    with demo("--seconds", "5", "--port", str(busy_port)) as running:
        assert running.wait() == 2
        assert_alone(running)
        (line,) = running.output.splitlines()
    assert line.startswith(f"lfm demo: port {busy_port} is in use")
    assert "--port" in line


@pytest.mark.ros
@needs_ros
def test_a_missing_recording_is_one_sentence(tmp_path: Path) -> None:
    with demo("--data", str(tmp_path / "none.npz"), "--no-viewer") as running:
        assert running.wait() == 2
        (line,) = running.output.splitlines()
    assert "there is no recording" in line
