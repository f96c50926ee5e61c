"""``lfm doctor``: what it says of whole, bare, broken and other computers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lfm_ros.doctor import computer, engines, models, python, ros, runtimes
from lfm_ros.doctor.examination import examine
from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding, backends_that_run, can_lift
from lfm_ros.doctor.modules import Module, look_for
from lfm_ros.doctor.patient import Patient
from lfm_ros.doctor.probe import Tried, run, try_module
from lfm_ros.doctor.report import as_json, text
from lfm_ros.host import Host
from lfm_ros.ros.input_types import INPUT_TYPES

ROOT = Path(__file__).resolve().parents[1]


def nothing(module: str, expression: str = "") -> Tried:
    """A computer that has no module at all."""
    return Tried(False, False, f"No module named {module!r}")


def everything(module: str, expression: str = "") -> Tried:
    """A computer that has all of them; the driver speaks of CUDA 12.6."""
    return Tried(True, True, "12060" if module == "ctypes" else "1.0")


def computer_of(root: Path, **files: str) -> Host:
    """A computer whose files have these contents; ``__`` in a name stands for ``/``."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Host(root)


def orin(root: Path) -> Host:
    release = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n"
    host = computer_of(root, etc__nv_tegra_release=release)
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "proc/device-tree/model").write_bytes(b"NVIDIA Jetson AGX Orin Developer Kit\0")
    return host


def desktop(root: Path) -> Host:
    host = computer_of(
        root,
        proc__driver__nvidia__version="NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.10\n",
        proc__meminfo="MemTotal:       32768000 kB\nMemFree: 1 kB\n",
        proc__cpuinfo="model name\t: Some CPU\nflags\t\t: fpu avx2 avx512f\n",
        usr__local__cuda__include__cuda_h="",
    )
    gpu = root / "proc/driver/nvidia/gpus/0000:01:00.0/information"
    gpu.parent.mkdir(parents=True)
    gpu.write_text("Model: \t\t NVIDIA GeForce RTX 4070\nIRQ: 88\n")
    (root / "usr/local/cuda/include/cuda.h").write_text("#define CUDA_VERSION 12080\n")
    return host


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_this_computer_is_examined_and_can_lift(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    findings = examine()
    found = named(findings)
    assert found["numpy"].state == found["backend onnxruntime"].state == OK
    assert found["lfm_base"].state == OK
    assert found["interpreter"].found == ".".join(map(str, sys.version_info[:3]))
    assert can_lift(findings)
    said = text(findings)
    assert said.splitlines()[-1].startswith("Lifting works here, on ")
    assert "onnxruntime" in said.splitlines()[-1]
    told = json.loads(as_json(findings))
    assert told["can_lift"] is True
    assert "onnxruntime" in told["backends"]
    assert len(told["findings"]) == len(findings)


def test_whatever_is_missing_comes_with_what_it_switches_off_and_what_mends_it() -> None:
    patient = Patient(Host(Path("/nowhere")), {"ROS_DISTRO": "humble"}, (3, 10), nothing)
    missing = [*python.check(patient)[1:], *ros._packages(patient)]
    assert len(missing) > 12
    for one in missing:
        assert one.off, one
        assert one.mend, one
    mends = {module.name: module.mend for module in ros._packages(patient)}
    assert mends["hri_msgs"] == "sudo apt install ros-humble-hri-msgs"
    assert mends["tf2_ros"] == "sudo apt install ros-humble-tf2-ros-py"
    assert "github.com/mgonzs13/yolo_ros" in mends["yolo_msgs"]


def test_every_input_type_of_the_node_is_looked_for() -> None:
    packages = {kind.split("/")[0] for kind in INPUT_TYPES}
    assert packages <= {module.name for module in ros._packages(Patient())}


def test_all_that_the_manifest_requires_of_ros_is_looked_for() -> None:
    required = set(re.findall(r"<exec_depend>([a-z0-9_]+)<", (ROOT / "package.xml").read_text()))
    # They come with rclpy and launch_ros.
    required -= {"ament_index_python", "builtin_interfaces", "launch", "rcl_interfaces"}
    # apt has the Python side of tf2_ros in a package of its own.
    required = {"tf2_ros" if name == "tf2_ros_py" else name for name in required}
    looked_for = {module.name for module in ros._packages(Patient())}
    assert "sensor_msgs" in required
    assert required <= {*looked_for, "rclpy"}


def test_a_jetson_is_known_and_gets_its_own_remedies(tmp_path: Path) -> None:
    host = orin(tmp_path)
    assert host.is_jetson
    assert host.jetson_release == "36.4.3"
    patient = Patient(host, {}, (3, 10, 12), nothing)
    seen = named(computer.check(patient))
    assert seen["GPU"].found == "NVIDIA Jetson AGX Orin Developer Kit, Jetson Linux 36.4.3"
    assert seen["CUDA toolkit"].mend == "sudo apt install nvidia-jetpack"
    assert "--runtime nvidia" in seen["driver"].mend
    libraries = named(look_for("runtimes", runtimes._libraries(patient), patient))
    assert libraries["tensorrt"].mend == "sudo apt install python3-libnvinfer"
    assert "pycuda" in libraries
    assert "tensorrt_rtx" not in libraries


def test_a_desktop_with_a_gpu(tmp_path: Path) -> None:
    host = desktop(tmp_path)
    assert not host.is_jetson
    assert host.memory_gb == pytest.approx(33.6, abs=0.1)
    assert host.instruction_sets == ["avx2", "avx512f"]
    patient = Patient(host, {}, (3, 12), everything)
    seen = named(computer.check(patient))
    assert seen["GPU"].found == "NVIDIA GeForce RTX 4070"
    assert seen["driver"].found == "570.86.10, up to CUDA 12.6"
    assert seen["CUDA toolkit"].found == "12.8"
    without = Patient(host, {}, (3, 12), nothing)
    assert named(computer.check(without))["driver"].state == BROKEN
    libraries = named(look_for("runtimes", runtimes._libraries(without), without))
    assert "tensorrt-rtx-cu13" in libraries["tensorrt_rtx"].mend


def test_a_computer_without_a_gpu_is_told_no_remedy_for_one(tmp_path: Path) -> None:
    patient = Patient(Host(tmp_path), {}, (3, 12), nothing)
    seen = named(computer.check(patient))
    assert [seen[name].state for name in ("GPU", "driver", "CUDA toolkit")] == [ABSENT] * 3
    assert not any(seen[name].mend for name in ("GPU", "driver", "CUDA toolkit"))
    libraries = named(look_for("runtimes", runtimes._libraries(patient), patient))
    assert not libraries["tensorrt"].mend
    assert libraries["onnxruntime"].mend == "python3 -m pip install onnxruntime"


def test_a_gpu_without_a_driver_is_seen_on_the_bus(tmp_path: Path) -> None:
    cards = {"0000:01:00.0": ("0x10de", "0x030000"), "0000:01:00.1": ("0x10de", "0x040300")}
    for place, (vendor, kind) in cards.items():
        folder = tmp_path / "sys/bus/pci/devices" / place
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(f"{vendor}\n")
        (folder / "class").write_text(f"{kind}\n")
    host = Host(tmp_path)
    assert host.gpus == ["NVIDIA GPU at 0000:01:00.0, without a driver"]
    driver = named(computer.check(Patient(host, {}, (3, 12), nothing)))["driver"]
    assert driver.state == BROKEN
    assert "ubuntu-drivers" in driver.mend


def test_ros_is_sourced_installed_or_neither(tmp_path: Path) -> None:
    bare = Patient(Host(tmp_path), {}, (3, 12), nothing)
    distribution, client = ros.check(bare)
    assert distribution.state == client.state == ABSENT
    assert "docs.ros.org" in distribution.mend
    (tmp_path / "opt/ros/jazzy").mkdir(parents=True)
    (tmp_path / "opt/ros/jazzy/setup.bash").touch()
    assert ros.check(bare)[0].mend == "source /opt/ros/jazzy/setup.bash"
    marker = tmp_path / "ws/share/ament_index/resource_index/packages/lfm_ros"
    marker.parent.mkdir(parents=True)
    sourced = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": "/opt/ros/jazzy:/ws"}
    patient = Patient(Host(tmp_path), sourced, (3, 12), everything)
    found = named(ros.check(patient))
    assert found["distribution"].found == "jazzy"
    assert "colcon build" in found["lfm_ros"].mend
    marker.touch()
    assert named(ros.check(patient))["lfm_ros"].found == "in /ws"


def test_an_old_interpreter_is_broken() -> None:
    patient = Patient(python=(3, 8, 10), try_module=nothing)
    assert python.check(patient)[0].state == BROKEN


@pytest.fixture
def broken_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real modules that fail in the ways in which installed ones do."""
    contents = {
        "doctor_crashes": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "doctor_other_numpy": "raise ImportError('numpy.core.multiarray failed to import')",
        "doctor_lacks_library": "raise OSError('libnvinfer.so.10: cannot open shared object file')",
        "doctor_lacks_module": "import doctor_that_is_not_there",
        "doctor_exits": "raise SystemExit",
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_broken_modules_are_told_from_absent_ones(broken_modules: None) -> None:
    names = ["crashes", "other_numpy", "lacks_library", "lacks_module", "is_absent", "is.absent"]
    wanted = [Module(n, f"doctor_{n}", "this", "pip install it") for n in names]
    found = named(look_for("any", wanted, Patient()))
    assert [found[name].state for name in names] == [BROKEN] * 4 + [ABSENT] * 2
    assert "SIGSEGV" in found["crashes"].found
    assert "numpy<2" in found["other_numpy"].mend
    assert "libnvinfer.so.10" in found["lacks_library"].found
    assert found["lacks_library"].mend == "install it again: pip install it"
    assert "doctor_that_is_not_there" in found["lacks_module"].found
    assert try_module("json", "module.dumps(1)") == Tried(True, True, "1")


def test_a_process_that_hangs_or_cannot_start_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lfm_ros.doctor.probe._TIMEOUT", 0.2)
    assert "no answer within" in run("import time; time.sleep(30)").said
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    assert "cannot be started" in run("print(1)").said


def test_a_damaged_model_and_no_backend_mean_that_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models" / "ruined"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text("name: x\n")
    monkeypatch.setattr("lfm_ros.models.config_dir", lambda: tmp_path)
    (found,) = models.check()
    assert found.state == BROKEN
    patient = Patient(Host(tmp_path), {}, (3, 12), nothing)
    findings = examine(patient)
    assert backends_that_run(findings) == []
    assert not can_lift(findings)
    assert text(findings).splitlines()[-1].startswith("Nothing can be lifted here")


def test_the_cache_says_who_may_write_and_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFM_CACHE_DIR", str(tmp_path / "cache"))
    cache, plans = engines.check()
    assert (cache.state, plans.state) == (OK, ABSENT)
    (tmp_path / "cache" / "engines" / "lfm_base.v1-fp16-0123.plan").write_bytes(b"x" * 1500000)
    assert named(engines.check())["lfm_base.v1-fp16-0123.plan"].found == "1.5 MB"
    (tmp_path / "cache").chmod(0o777)
    (refused,) = engines.check()
    assert refused.state == BROKEN
    assert "LFM_CACHE_DIR" in refused.mend
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setenv("LFM_CACHE_DIR", str(in_the_way))
    assert engines.check()[0].state == BROKEN


def test_a_check_that_fails_itself_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[Finding]:
        raise PermissionError("no")

    monkeypatch.setattr(models, "check", fail)
    found = named(examine(Patient(try_module=nothing)))
    assert found["models"].state == BROKEN
    assert "PermissionError: no" in found["models"].found


def without_numpy(tmp_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    broken = tmp_path / "numpy"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('numpy is of another computer')")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_runs_where_numpy_does_not(tmp_path: Path) -> None:
    done = without_numpy(tmp_path, "lfm_ros.cli", "doctor", "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["can_lift"] is False
    found = {one["name"]: one for one in told["findings"]}
    assert found["numpy"]["state"] == BROKEN
    assert "of another computer" in found["numpy"]["found"]
    assert found["lfm_base"]["state"] == OK


@pytest.mark.parametrize("command", [["lift", "in.npz", "--output", "out.npz"], ["bench"]])
def test_other_commands_send_to_the_doctor_then(tmp_path: Path, command: list[str]) -> None:
    done = without_numpy(tmp_path, "lfm_ros.cli", *command)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "of another computer" in line
    assert "`lfm doctor`" in line
