"""Tiers and their wall times, an isolated ROS graph, and the data beside the checkout."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# In the order in which they run: what fails fastest comes first.
TIERS = ("static", "unit", "parity", "ros", "viewer")
BY_FILE_NAME = {"test_ros_": "ros", "test_viewer": "viewer"}
INDEPENDENT = {"cv2", "hypothesis", "roma", "rosbags", "scipy"}
NOT_ON_EVERY_ROBOT = INDEPENDENT | {
    *("onnx", "onnxruntime", "playwright", "rclpy", "tensorrt_rtx", "torch", "viser")
}
INSTALLED_BY_MAKE = Path(sys.prefix, "lfm_ros_bootstrap", "stamps", "packages-test")
LEFT_OUT: dict[str, str] = {}
DOMAINS = range(20, 101)  # 0 is everybody's default, and above 101 Linux hands out the ports itself


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option of pytest-timeout on a robot that does not have it."""
    if importlib.util.find_spec("pytest_timeout") is None:
        parser.addini("timeout", "without pytest-timeout this has no effect")


@cache
def imports(path: Path) -> frozenset[str]:
    """Packages that a test file imports, also through the modules beside it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    beside = {path.parent / f"{name}.py" for name in names} - {path}
    through = [imports(other) for other in beside if other.exists()]
    return frozenset(name.split(".")[0] for name in names).union(*through)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out files whose packages a robot does not have; the summary names them.

    Where `make test` has installed everything, a missing package is an error.
    """
    if not collection_path.match("test_*.py") or INSTALLED_BY_MAKE.exists():
        return None
    wanted = imports(collection_path) & NOT_ON_EVERY_ROBOT
    lacking = sorted(name for name in wanted if importlib.util.find_spec(name) is None)
    if not lacking:
        return None
    LEFT_OUT[collection_path.name] = ", ".join(lacking)
    return True


def tier_of(item: pytest.Item) -> str:
    """The tier named by a mark, else by the name of the file, else by what the file imports."""
    for tier in TIERS:
        if item.get_closest_marker(tier):
            return tier
    for start, tier in BY_FILE_NAME.items():
        if item.path.name.startswith(start):
            return tier
    return "parity" if imports(item.path) & INDEPENDENT else "unit"


# First, so that `-m ros` sees the marks that are added here.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier and run the tiers one after the other."""
    for item in items:
        item.add_marker(tier_of(item))
        item.user_properties.append(("tier", tier_of(item)))
    items.sort(key=lambda item: TIERS.index(tier_of(item)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests a tier ran and how long they took, before pytest's closing line."""
    seconds: Counter[str] = Counter()
    ran: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped", ""):  # "": setting up and tearing down
        for report in terminalreporter.stats.get(outcome, []):
            tier = dict(getattr(report, "user_properties", ())).get("tier")
            if tier:
                ran[tier] += outcome in ("passed", "failed")
                seconds[tier] += report.duration
    terminalreporter.section("time per tier")
    for tier in (tier for tier in TIERS if tier in seconds):
        terminalreporter.write_line(f"{tier:8}{ran[tier]:5} tests{seconds[tier]:9.1f} s")
    for name, lacking in LEFT_OUT.items():
        terminalreporter.write_line(f"{name} was left out: {lacking} is not installed")
    if importlib.util.find_spec("launch_ros") is None:
        terminalreporter.write_line("launch files were read, not run: launch_ros is not installed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded keypoints that lies beside a checkout, where there is one."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "index.json").is_file():
        pytest.skip("no ../shared/data beside this checkout: it is not part of the repository")
    return folder


@pytest.fixture(scope="session", autouse=True)
def isolated_ros_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Keep the tests' ROS graph on this machine, and in a domain that nobody else uses.

    UDP, because killed processes leave shared-memory files behind that disturb the next ones.
    """
    with _free_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")
        patch.setenv("ROS_LOG_DIR", str(tmp_path_factory.mktemp("ros_log")))
        yield domain


class _free_domain:  # noqa: N801  (a context manager, named like one)
    """Holds a ROS domain that no other test run on this machine holds and no participant is in."""

    def __enter__(self) -> int:
        for domain in DOMAINS:
            path = Path(tempfile.gettempdir(), f"lfm_ros_test_domain_{domain}")
            self._lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
            if _locked(self._lock) and _unused(domain):
                return domain
            os.close(self._lock)
        raise RuntimeError(f"every ROS domain in {DOMAINS} is in use on this machine")

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unused(domain: int) -> bool:
    """Whether the port that RTPS gives to the first participant of a domain is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7410 + 250 * domain))
        except OSError:
            return False
    return True
