"""The engine cache, with NVIDIA's real builder and a network of a few operators."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import tensorrt_rtx  # noqa: F401  (where it is missing, this file is left out)
from small_model import small_model

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import cache, nvidia
from lfm_ros.engines.build import BuiltEngine, build
from lfm_ros.engines.cache_folder import cache_folder, locked
from lfm_ros.engines.golden import GoldenDifference, golden_difference

GPU = cache.DeviceInfo("A GPU", (8, 9), "13.0")
BUILT: dict[object, BuiltEngine] = {}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LFM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "engines"


@pytest.fixture(autouse=True)
def each_built_once(monkeypatch):
    """What the builder made of the same file is made once; the cache is what is tested here."""

    def remembered(model, library, precision, targets, progress=None):
        key = (model.path(precision).read_bytes(), tuple(targets))
        if key not in BUILT or progress:
            BUILT[key] = build(model, library, precision, targets, progress)
        return BUILT[key]

    monkeypatch.setattr(cache, "build", remembered)


@pytest.fixture(scope="module")
def rtx():
    return nvidia.find(nvidia.RTX)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model") / "small")


def load(model, rtx, said, gpu=GPU, precision="fp16", **options):
    return cache.load_or_build(model, rtx, gpu, precision, said.append, **options)


def test_it_is_built_once_and_that_is_announced_first(model, rtx, folder):
    said: list[str] = []
    built = load(model, rtx, said)
    assert len(said) == 1
    assert "building the fp16 engine of lfm_small.v1" in said[0]
    assert "lfm build-engine" in said[0]
    found = load(model, rtx, said)
    assert len(said) == 1, "the second time nothing is built"
    assert found == built
    assert found.path.parent == folder
    assert found.path.read_bytes() == found.bytes
    sidecar = json.loads(found.path.with_suffix(".json").read_text())
    assert sidecar == found.sidecar
    assert len(sidecar["kernels"]) == len(sidecar["identity"]["profiles"]) == 4
    assert sidecar["seconds"] > 0
    assert "[VERBOSE]" in found.path.with_suffix(".log").read_text()
    assert {p.suffix for p in folder.iterdir()} == {".plan", ".json", ".log", ".lock"}
    assert not any(p.stat().st_mode & 0o077 for p in [folder, *folder.iterdir()])


def test_a_build_may_be_asked_for(model, rtx):
    said: list[str] = []
    load(model, rtx, said)
    phases: list[str] = []
    load(model, rtx, said, force=True, progress=lambda phase, share: phases.append(phase))
    assert len(said) == 2
    assert "Building engine" in phases


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        ({"name": "Another GPU"}, ["tensorrt_rtx"]),
        ({"driver": "13.1"}, ["tensorrt_rtx"]),
        ({"compute_capability": (8, 6)}, []),
    ],
)
def test_whether_another_gpu_or_driver_has_an_engine_of_its_own(model, rtx, change, shared):
    full = nvidia.NvidiaModule("tensorrt", "10.3.0", SimpleNamespace(), None, rtx.log)
    for library in (rtx, full):
        one, other = (
            cache.plan_name(model, "fp16", cache.identify(model, library, gpu, "fp16"))
            for gpu in (GPU, GPU._replace(**change))
        )
        assert (one == other) == (library.name in shared)


def test_other_weights_versions_and_precisions_are_other_engines(model, rtx, tmp_path):
    other = small_model(tmp_path / "other", scale=3.0)
    versions = nvidia.NvidiaModule("tensorrt", "10.3.0", None, None, rtx.log)
    names = {
        cache.plan_name(m, p, cache.identify(m, lib, GPU, p))
        for m in (model, other)
        for lib in (rtx, versions)
        for p in ("fp16", "fp32")
    }
    assert len(names) == 8


def spoiled(kind: str, plan: cache.CachedPlan) -> None:
    sidecar = plan.path.with_suffix(".json")
    content = dict(plan.sidecar)
    if kind == "truncated":
        plan.path.write_bytes(plan.bytes[: len(plan.bytes) // 2])
    elif kind == "empty":
        plan.path.write_bytes(b"")
    elif kind == "other bytes":
        plan.path.write_bytes(plan.bytes[:-1] + bytes([plan.bytes[-1] ^ 1]))
    elif kind == "of another version":
        content["identity"] = {**content["identity"], "version": "1.6.0"}
        sidecar.write_text(json.dumps(content))
    elif kind == "no sidecar":
        sidecar.unlink()
    elif kind == "no plan":
        plan.path.unlink()
    elif kind == "sidecar is a list":
        sidecar.write_text("[]")
    elif kind == "sidecar is cut off":
        sidecar.write_bytes(sidecar.read_bytes()[:100])
    else:
        plan.path.unlink()
        plan.path.mkdir()


KINDS = {
    "truncated": "damaged",
    "empty": "damaged",
    "other bytes": "damaged",
    "of another version": "something else",
    "no sidecar": "none is in the cache",
    "no plan": "none is in the cache",
    "sidecar is a list": "something else",
    "sidecar is cut off": "cannot be read",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit_together_is_built_again(model, rtx, kind):
    said: list[str] = []
    plan = load(model, rtx, said)
    spoiled(kind, plan)
    again = load(model, rtx, said)
    assert KINDS[kind] in said[1]
    assert load(model, rtx, said).bytes == again.bytes
    assert len(said) == 2


def test_a_plan_that_cannot_be_replaced_is_no_crash(model, rtx):
    said: list[str] = []
    plan = load(model, rtx, said)
    spoiled("is a folder", plan)
    again = load(model, rtx, said)
    assert again.path is None
    assert len(again.bytes) > 1000
    assert "cannot be kept" in said[-1]


def test_a_build_that_fails_leaves_its_log(model, rtx, folder, monkeypatch):
    other_gpu = GPU._replace(compute_capability=(8, 7))  # a Jetson Orin
    monkeypatch.setattr(cache, "build", build)
    with pytest.raises(
        EngineError, match=r"cannot build for.*8\.7.*all that it said is in"
    ) as error:
        load(model, rtx, [], other_gpu)
    (log,) = folder.glob("*.log")
    assert str(log) in str(error.value)
    assert "[VERBOSE]" in log.read_text()
    assert not list(folder.glob("*.plan"))


def grown_old(plan: Path, days: float) -> None:
    then = time.time() - 86400 * days
    os.utime(plan, (then, then))


def test_what_nobody_loads_any_more_is_deleted_when_something_new_is_kept(model, rtx, folder):
    said: list[str] = []
    gpus = [GPU._replace(compute_capability=number) for number in ((8, 6), (8, 0), (12, 0))]
    unused, recent, loaded = [load(model, rtx, said, gpu).path for gpu in gpus]
    half_written = folder / f".{unused.name}-abc123"
    half_written.touch()
    for plan, days in ((unused, 31), (recent, 29), (loaded, 31), (half_written, 31)):
        grown_old(plan, days)
    load(model, rtx, said, gpus[2])
    assert len(said) == 3, "loading alone deletes nothing"
    new = load(model, rtx, said).path
    assert said[-1].startswith("deleted engines not loaded for 30 days: ")
    assert {half_written.name, unused.name} == {*said[-1].split(": ")[1].split(", ")}
    left = {path.name for path in folder.iterdir()}
    suffixes = (".plan", ".json", ".log", ".lock")
    assert left == {p.with_suffix(end).name for p in (recent, loaded, new) for end in suffixes}


def test_deleting_leaves_those_alone_who_still_use_it(model, rtx):
    """The other process has the lock and the plan of a file that goes away under it."""
    said: list[str] = []
    other = GPU._replace(compute_capability=(8, 6))
    plan = load(model, rtx, said, other)
    with locked(plan.path, said.append):
        grown_old(plan.path, 31)
        load(model, rtx, said)
        assert not plan.path.exists()
    plan.record(GoldenDifference(0, 0), other)
    again = load(model, rtx, said, other)
    assert "none is in the cache" in said[-1]
    assert again.path == plan.path
    assert load(model, rtx, said, other).bytes == again.bytes


def test_without_a_place_to_write_it_is_built_and_not_kept(model, rtx, monkeypatch):
    monkeypatch.setenv("LFM_CACHE_DIR", "/proc/no/place")
    said: list[str] = []
    plan = load(model, rtx, said)
    assert plan.path is None
    assert len(plan.bytes) > 1000
    assert "cannot be kept" in said[-1]
    plan.record(GoldenDifference(0, 0), GPU)


def test_a_folder_that_others_may_write_to_is_refused(model, rtx, folder):
    folder.mkdir(parents=True)
    for place in (folder, folder.parent, folder.parent.parent):
        place.chmod(0o777)
        with pytest.raises(EngineError, match=rf"{place} may be written to by everyone.*chmod o-w"):
            load(model, rtx, [])
        place.chmod(0o700)
    folder.parent.parent.chmod(0o1777)  # as /tmp is
    load(model, rtx, [])


def test_where_the_folder_is(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache" / "engines"
    monkeypatch.delenv("LFM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "lfm_ros" / "engines"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/does/not/count")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "lfm_ros" / "engines"


CHILD = """
import sys
sys.path[:0] = {paths}
from pathlib import Path
from small_model import small_model
from lfm_ros.engines import cache, nvidia
model = small_model(Path({model!r}))
gpu = cache.DeviceInfo("A GPU", (8, 9), "13.0")
say = lambda text: print(text, flush=True)
plan = cache.load_or_build(model, nvidia.find("tensorrt_rtx"), gpu, "fp16", say)
say(f"path {{plan.path}}")
"""


def test_two_processes_do_not_build_the_same(model, rtx):
    paths = [str(Path(__file__).parent), str(Path(cache.__file__).parents[2])]
    script = CHILD.format(paths=paths, model=str(model.folder))
    name = cache.plan_name(model, "fp16", cache.identify(model, rtx, GPU, "fp16"))
    command = [sys.executable, "-c", script]
    with locked(cache_folder() / name, print):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert f"another process is building {name}; waiting" in child.stdout.readline()
        identity = cache.identify(model, rtx, GPU, "fp16")
        built = cache.build(model, rtx, "fp16", [GPU.compute_capability])
        cache.keep(built, identity, cache_folder() / name, print)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert rest.split() == ["path", str(cache_folder() / name)]


def test_a_process_that_was_killed_leaves_no_lock(model, rtx):
    hold = (
        "import sys, time; from pathlib import Path\n"
        "from lfm_ros.engines.cache_folder import locked\n"
        "with locked(Path(sys.argv[1]), print):\n    print('held', flush=True); time.sleep(60)\n"
    )
    path = cache_folder() / "a.plan"
    root = str(Path(cache.__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert child.stdout.readline() == "held\n"
    child.kill()
    child.wait(timeout=20)
    said: list[str] = []
    with locked(path, said.append):
        assert not said


def test_the_golden_batch_is_run_and_its_difference_recorded(model, rtx):
    def run(role):
        session = onnxruntime.InferenceSession(str(model.path(role)))
        names = [value.name for value in session.get_outputs()]
        return lambda inputs: dict(zip(names, session.run(None, dict(inputs)), strict=True))

    exact = golden_difference(model, run("fp32"))
    half = golden_difference(model, run("fp16"))
    assert exact == GoldenDifference(0, 0)
    assert 0 < half.mean < half.worst < 1e-3
    assert half.acceptable
    plan = load(model, rtx, [])
    plan.record(half, GPU)
    again = load(model, rtx, [])
    assert again.golden(GPU) == half
    for change in ({"name": "Another GPU"}, {"driver": "13.1"}):
        assert again.golden(GPU._replace(**change)) is None, "there it was not tried"


def test_a_difference_that_cannot_be_written_is_no_crash(model, rtx, folder):
    plan = load(model, rtx, [])
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    plan.record(GoldenDifference(0, 0), GPU)
    assert plan.golden(GPU) == GoldenDifference(0, 0)


def test_the_limits_of_the_golden_batch():
    assert GoldenDifference(0.0009, 0.0049).acceptable
    assert not GoldenDifference(0.0011, 0.0049).acceptable
    assert not GoldenDifference(0.0009, 0.0051).acceptable
    assert not GoldenDifference(float("nan"), 0.0).acceptable


@pytest.mark.parametrize("wrong", ["not finite", "missing", "another shape"])
def test_an_engine_that_returns_nonsense_is_an_error(model, wrong):
    def infer(inputs):
        canonical = np.zeros((*inputs["confidence"].shape, 3), np.float32)
        if wrong == "not finite":
            canonical[0, 0] = np.nan
        kept = canonical[:1] if wrong == "another shape" else canonical
        return {} if wrong == "missing" else {"canonical": kept}

    with pytest.raises(EngineError, match=r"'canonical'.*expected finite \(3, 5, 3\)"):
        golden_difference(model, infer)
