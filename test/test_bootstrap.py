"""The bootstrap: what it remembers, what it says when it cannot go on, whose ROS it uses."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools.bootstrap import child, debian, interfaces, packages, prepare, ros, stamps
from tools.bootstrap.report import Stop

pytestmark = pytest.mark.static
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stamps and logs go below a temporary folder instead of .venv."""
    monkeypatch.setattr(stamps, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(child, "LOGS", tmp_path)
    monkeypatch.setattr(packages, "LOGS", tmp_path)
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    monkeypatch.setattr(packages, "PYTHON", Path(sys.executable))
    return tmp_path


def test_a_step_is_done_until_an_input_changes(kept: Path) -> None:
    source = kept / "source.txt"
    source.write_text("one")
    key = stamps.digest(["name", source, kept])
    assert not stamps.is_done("step", key)
    stamps.mark_done("step", key)
    assert stamps.is_done("step", key)
    source.write_text("two")
    assert not stamps.is_done("step", stamps.digest(["name", source]))


def test_no_index_is_one_sentence(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real pip against a port where nobody listens."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    env = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    with pytest.raises(Stop, match="index cannot be reached") as stop:
        packages.pip_install(["lfm-ros-no-such-package"], "pip.log", env)
    assert "\n" not in str(stop.value)


def test_unknown_package_is_one_sentence(kept: Path) -> None:
    env = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(kept)}
    with pytest.raises(Stop, match="has no package lfm-ros-no-such-package for this Python"):
        packages.pip_install(["lfm-ros-no-such-package"], "pip.log", env)


def test_numpy_of_a_sourced_ros_keeps_its_major_version() -> None:
    assert packages.held_numpy("1.26.4") == "numpy>=1.26.4,<2\n"
    assert packages.held_numpy("2.1.0rc1") == "numpy>=2.1.0rc1,<3\n"


def test_paths_of_the_build_container_become_ours(tmp_path: Path) -> None:
    container = "/opt/python/cp311-cp311"
    site = "lib/python3.11/site-packages"
    exported = tmp_path / "a_msgs" / "cmake" / "export.cmake"
    exported.parent.mkdir(parents=True)
    found = f"{container}/include/python3.11", f"{container}/{site}/numpy/_core/include"
    exported.write_text(f'INCLUDE "{found[0]};{found[1]};${{PREFIX}}/include/a_msgs"')
    assert interfaces.mend_cmake_paths(tmp_path, Path("/usr/include/py"), Path("/np")) == 1
    assert exported.read_text() == 'INCLUDE "/usr/include/py;/np;${PREFIX}/include/a_msgs"'
    assert interfaces.mend_cmake_paths(tmp_path, Path("/usr/include/py"), Path("/np")) == 0


def test_wheels_are_not_shadowed_by_another_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ros.FOREIGN:
        monkeypatch.setenv(name, "/opt/ros/other")
    env = ros.environment(ros.Ros("from PyPI", sourced=False))
    assert env["AMENT_PREFIX_PATH"] == env["VIRTUAL_ENV"]
    assert not set(ros.FOREIGN).difference({"AMENT_PREFIX_PATH"}).intersection(env)
    env = ros.environment(ros.Ros("sourced", sourced=True))
    assert env["PYTHONPATH"] == "/opt/ros/other"
    assert env["AMENT_PREFIX_PATH"] == f"{env['VIRTUAL_ENV']}:/opt/ros/other"


def test_a_machine_without_wheels_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    monkeypatch.setattr(ros.platform, "machine", lambda: "aarch64")
    with pytest.raises(Stop, match="Source one"):
        ros.find_ros()


def test_a_missing_compiler_is_a_reason_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no compiler, no apt, no sudo
    assert "g++" in debian.missing_for_building()
    reason = interfaces.build(interfaces.TF, dict(os.environ))
    assert reason is not None
    assert "g++" in reason


def test_nothing_is_missing_for_building_where_this_python_has_headers() -> None:
    headers = Path(sysconfig.get_path("include"), "Python.h").is_file()
    assert any("dev" in name for name in debian.missing_for_building()) is not headers


def test_a_foreign_venv_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "VENV", tmp_path)
    monkeypatch.setattr(prepare, "KEPT", tmp_path / "lfm_ros_bootstrap")
    monkeypatch.setattr(stamps, "STAMPS", tmp_path / "lfm_ros_bootstrap" / "stamps")
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(Stop, match="not made by this Makefile"):
        prepare._make_venv(ros.Ros("any", sourced=False))
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_old_python_is_one_sentence() -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0);"
        "sys.argv[1:] = ['demo', 'lfm']; runpy.run_module('tools.bootstrap', run_name='__main__')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("lfm_ros needs Python 3.10 or newer")
    assert done.stderr.count("\n") == 1


def test_make_passes_its_variables_on() -> None:
    command = ["make", "-n", "demo", "SECONDS=20", "DATA=a b.npz", "PORT=8123"]
    env = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert "--seconds '20'" in done.stdout
    assert "--data 'a b.npz'" in done.stdout
    assert "--port '8123'" in done.stdout
