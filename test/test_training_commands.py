"""The commands of training: what they say, on small data, and where something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import bush, chain, write_poses
from torch_fixtures import one_thread, seeded  # noqa: F401
from urdf_robots import ARM

from lfm_ros.core.errors import InputError
from training import evaluate, export, train
from training.command import sentences
from training.config import TrainConfig
from training.data.sampler import SamplerConfig
from training.evaluate import EvaluateConfig
from training.evaluation.table import table
from training.model import PRESETS, ModelConfig
from training.threads import threads_for, usable_cores

ROOT = Path(__file__).resolve().parents[1]
LINKS = "base,turret,upper,fore,hand,tip"


@pytest.fixture
def urdf(tmp_path: Path) -> Path:
    path = tmp_path / "arm.urdf"
    path.write_text(ARM)
    return path


@pytest.mark.parametrize(
    ("module", "arguments", "sentence"),
    [
        (
            export,
            ["--run", "nowhere", "--name", "lfm_x.v1", "--output", "model"],
            "error: nowhere holds no usable run",
        ),
        (evaluate, ["--data", "nowhere"], "error: nowhere is not a folder"),
        (evaluate, [], "error: nothing to evaluate on"),
        (evaluate, ["--data", "a", "--urdf", "b.urdf"], "error: both --data and --urdf are given"),
        (train, ["--data", "nowhere", "--run", "out"], "error: nowhere is not a folder"),
        (train, ["--threads", "-1"], "error: threads is -1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path, monkeypatch, module, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
    # Its text goes to stderr, and the exit status is 1.
    with pytest.raises(SystemExit, match=f"^{sentence}"):
        module.main()


def test_an_export_replaces_no_model_that_was_not_named(tmp_path, monkeypatch, capsys):
    """The name and the folder of the model that ships were defaults once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["export.py", "--run", "runs/mine"])
    with pytest.raises(SystemExit, match="2"):
        export.main()
    said = capsys.readouterr()
    assert "--output" in said.err + said.out
    assert "python -m training.export" in said.err + said.out


def test_ctrl_c_ends_a_command_without_a_traceback():
    with pytest.raises(SystemExit, match="130"), sentences():
        raise KeyboardInterrupt


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"^error: .*file/deep: Not a directory$"), sentences():
        (tmp_path / "file" / "deep").mkdir(parents=True)


def test_faults_of_the_program_keep_their_traceback():
    with pytest.raises(KeyError), sentences():
        raise KeyError("overall")
    with pytest.raises(OSError, match="out of luck"), sentences():
        raise OSError("out of luck")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"threads": -1}, "threads is -1; give 0 or more"),
        ({"validate_every": -5}, "validate_every is -5; give 0 or more"),
        ({"samples": 0}, "samples is 0; give at least 1"),
        ({"links": "a,b"}, "links are 'a,b', but of no robot"),
        ({"urdf": Path("a.urdf"), "data": "poses"}, "both --urdf a.urdf and --data poses"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        TrainConfig(**settings)


@pytest.mark.parametrize(
    ("samples", "every", "period"),
    [(150_000, 0, 30_000), (2_000_000, 0, 200_000), (3, 0, 1), (150_000, 70_000, 70_000)],
)
def test_a_run_is_judged_a_few_times_however_short(samples, every, period):
    assert TrainConfig(samples=samples, validate_every=every).validation_period == period


def test_a_robot_is_trained_on_and_judged_in_words(urdf, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "nano", ModelConfig(width=32, layers=1, heads=2, walk_steps=4))
    config = TrainConfig(
        urdf=urdf,
        links=LINKS,
        run=tmp_path / "run",
        model="nano",
        samples=72,
        validate_every=50,
        sampler=SamplerConfig(rigs=1, per_rig=16),
        threads=1,
    )
    train.run(config)
    said = capsys.readouterr().out
    assert "72 poses on 1 CPU thread, judged on 1,200 held-out poses every 50" in said
    lines = [line for line in said.splitlines() if line.startswith("after ")]
    assert [line.split(":")[0] for line in lines] == ["after 64 poses", "after 80 poses"]
    entries = [json.loads(line) for line in (config.run / "log.jsonl").read_text().splitlines()]
    last = [entry for entry in entries if "validation/camera" in entry][-1]
    assert f"{last['validation/camera']:.1f} % in the camera's frame" in lines[-1]
    assert f"{last['validation/procrustes']:.1f} % of the object's radius" in lines[-1]
    train.run(config)
    assert "has seen its 80 poses" in capsys.readouterr().out


def test_a_robot_is_evaluated_as_it_is_trained(urdf):
    result = evaluate.evaluate(
        EvaluateConfig(
            urdf=urdf, links=LINKS, frames=3, fewer=2, conditions=("upright",), workers=1
        )
    )
    assert result["catalogue"]["robot/arm"]["keypoints"] == 6
    assert result["catalogue"]["robot/arm"]["training_frames"] == 6800
    assert result["catalogue"]["robot/arm"]["listed"] == ""
    assert result["seen"]["upright"]["overall"]["procrustes"] > 0
    assert {"rigs.subset", "recordings"} <= set(result["left_out"])
    assert "left out: rigs.subset" in table(result)


@pytest.mark.parametrize("sequences", [8, 30], ids=["too few to average", "averaged"])
def test_one_small_set_has_its_table(tmp_path, sequences):
    """Nine keypoints are too few to lose half, and eight sequences too few to average."""
    write_poses(tmp_path / "object/thing.npz", bush(9), sequences=sequences, frames=3)
    result = evaluate.evaluate(EvaluateConfig(tmp_path, frames=3, fewer=2, workers=1))
    text = table(result)
    row = result["seen"]["upright"]["all_sets"]["overall"]
    assert f"{row['procrustes']:12.2f}" in text
    assert {"rigs.subset", "recordings"} <= set(result["left_out"])
    assert not {"rigs.superset", "sweeps"} & set(result["left_out"])
    assert "superset of the keypoints" in text
    assert "subset of" not in text.replace("superset of", "")


def test_a_set_for_evaluation_alone_has_no_questions_of_seen_ones(tmp_path):
    write_poses(tmp_path / "object/thing.npz", chain(9), sequences=2, frames=3)
    sets = [{"file": "object/thing.npz", "use": "eval"}]
    (tmp_path / "index.json").write_text(json.dumps({"sets": sets}))
    result = evaluate.evaluate(EvaluateConfig(tmp_path, frames=3, fewer=2, workers=1))
    unanswered = {"training", "sweeps", "rigs", "permutation", "recordings"}
    assert unanswered <= set(result["left_out"])
    assert table(result).count("left out: ") == len(result["left_out"])


@pytest.mark.parametrize("what", ["conditions", "questions"])
def test_names_that_are_not_known_are_answered(tmp_path, what):
    with pytest.raises(InputError, match=rf"{what} has 'luck'; choose among .*, "):
        evaluate.evaluate(EvaluateConfig(tmp_path, **{what: ("luck",)}))
    with pytest.raises(InputError, match="--data DIR or --urdf"):
        evaluate.evaluate(EvaluateConfig())


def test_threads_are_those_that_are_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert (threads_for(7), threads_for(0)) == (7, 3)
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1000")
    assert threads_for(0) == 1
    monkeypatch.delenv("LOCAL_WORLD_SIZE")
    assert threads_for(0) == min(4, usable_cores())
    assert threads_for(0, workers=1000) == 1


def test_a_control_group_limits_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert usable_cores(tmp_path) == 8
    for cpu in range(8):
        file = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        file.parent.mkdir(parents=True)
        file.write_text(f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}\n")
    assert usable_cores(tmp_path) == 4, "two hardware threads are one core"
    group = tmp_path / "sys/fs/cgroup"
    (group / "cpu").mkdir(parents=True)
    (group / "cpu/cpu.cfs_quota_us").write_text("300000\n")
    (group / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores(tmp_path) == 3
    (group / "cpu.max").write_text("150000 100000\n")
    assert usable_cores(tmp_path) == 1
    (group / "cpu.max").write_text("max 100000\n")
    (group / "cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path) == 4


def test_threads_wait_asleep_unless_the_environment_says_how():
    program = "import os, training; print(os.environ.get('OMP_WAIT_POLICY'))"
    for said, expected in (({}, "PASSIVE"), ({"GOMP_SPINCOUNT": "9"}, "None")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **said},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.strip() == expected
