"""The command that converts: names, options, the index, and the form of what it writes."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from formats_fixtures import write_json

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from training.data.formats import FORMATS
from training.data.formats.pose_file import PoseFile
from training.data.poses import load_set
from training.data.prepare import main

RIG = Skeleton(["a", "b", "c", "d", "e"], [(0, 1), (1, 2)])


def poses(**changes) -> PoseFile:
    fields = {
        "name": "human/some",
        "xyz": np.random.default_rng(0).standard_normal((6, 5, 3)),
        "skeleton": RIG,
        "sequence": ["x", "x", "x", "b", "b", "b"],
        "unit": "m",
        "up": "+y",
    }
    return PoseFile(**{**fields, **changes})


@pytest.fixture
def hands(tmp_path):
    truth = np.random.default_rng(0).standard_normal((4, 21, 3))
    write_json(tmp_path / "fh/training_xyz.json", truth.tolist())
    return tmp_path / "fh"


def test_what_is_written_is_what_training_reads(tmp_path):
    entry = poses().write(tmp_path, "CC0", "here")
    back = load_set(tmp_path / "human/some.npz", "human/some.npz")
    np.testing.assert_allclose(back.xyz, np.asarray(poses().xyz), rtol=1e-6)
    # Numbered in the order of the source, not of the alphabet.
    assert back.sequence.tolist() == [0, 0, 0, 1, 1, 1]
    assert back.license == "CC0"
    assert back.skeleton.names == RIG.names
    assert back.skeleton.edges == RIG.edges
    assert entry["sha256"] == hashlib.sha256((tmp_path / "human/some.npz").read_bytes()).hexdigest()
    assert (entry["frames"], entry["keypoints"], entry["sequences"]) == (6, 5, 2)
    with np.load(tmp_path / "human/some.npz") as arrays:
        assert arrays["sequence_names"].tolist() == ["x", "b"]
        assert str(arrays["source"]) == "here"


def test_missing_points_are_not_valid_and_poor_frames_are_left_out(tmp_path):
    xyz = np.array(poses().xyz)
    xyz[0, 1] = np.nan
    valid = np.ones((6, 5), bool)
    valid[1, :2] = False
    entry = poses(xyz=xyz, valid=valid).write(tmp_path, "", "")
    back = load_set(tmp_path / "human/some.npz")
    assert entry["frames"] == len(back) == 5
    assert back.valid[0].tolist() == [True, False, True, True, True]
    assert not back.xyz[0, 1].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"xyz": np.zeros((6, 4, 3))}, r"\(6, 4, 3\).*6 frames of 5 keypoints"),
        ({"valid": np.ones((6, 4))}, r"\(6, 4\)"),
        ({"sequence": ["a"]}, r"1 frames"),
        ({"valid": np.zeros((6, 5))}, r"none of 6 frames"),
    ],
)
def test_parts_that_do_not_fit_are_named(tmp_path, changes, message):
    with pytest.raises(InputError, match=rf"human/some.*{message}"):
        poses(**changes).write(tmp_path, "", "")


def test_every_nth_frame_is_counted_within_a_sequence():
    labels = ["a", "a", "a", "b", "b", "b"]
    xyz = np.arange(6.0)[:, None, None] * np.ones((1, 5, 3))
    kept = poses(xyz=xyz, sequence=labels, valid=np.ones((6, 5))).every(2)
    assert np.asarray(kept.xyz)[:, 0, 0].tolist() == [0, 2, 3, 5]
    assert kept.sequence == ["a", "a", "b", "b"]


def test_the_command_writes_a_set_and_its_index(hands, tmp_path, capsys):
    assert main(["freihand", str(hands), "--output", str(tmp_path / "out")]) == 0
    assert "4 frames, 21 keypoints, 4 sequences, use: eval" in capsys.readouterr().out
    (row,) = json.loads((tmp_path / "out/index.json").read_text())["sets"]
    assert row["file"] == "hand/freihand21.npz"
    assert row["use"] == "eval"
    assert "evaluation only" in row["license"]
    for key in ("frames", "keypoints", "sequences", "unit", "up", "sha256"):
        assert row[key], key
    assert str(tmp_path) not in (tmp_path / "out/index.json").read_text()


def test_the_index_keeps_what_else_it_lists(hands, tmp_path, capsys):
    output = tmp_path / "out"
    mine = {"file": "robot/mine.npz", "use": "train", "frames": 7}
    write_json(output / "index.json", {"sets": [mine]})
    for _ in range(2):
        assert main(["freihand", str(hands), "--output", str(output), "--every", "1"]) == 0
    rows = json.loads((output / "index.json").read_text())["sets"]
    assert [row["file"] for row in rows] == ["hand/freihand21.npz", "robot/mine.npz"]
    assert rows[1] == mine


def test_an_index_of_another_form_is_not_overwritten(hands, tmp_path, capsys):
    write_json(tmp_path / "out/index.json", ["mine"])
    assert main(["freihand", str(hands), "--output", str(tmp_path / "out")]) == 1
    assert "index.json is not an index of sets" in capsys.readouterr().err
    assert json.loads((tmp_path / "out/index.json").read_text()) == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["freihands"], "no format 'freihands'; use one of h3wb"),
        (["freihand", "--use", "train"], "--use was given, but the source of freihand states it"),
        (["freihand", "--metres", "0.1"], "--metres was given, but the source"),
        (["bvh", "--use", "train"], "without a licence; say with --license"),
    ],
)
def test_options_that_contradict_the_source_are_refused(
    hands, tmp_path, capsys, arguments, message
):
    name, *options = arguments
    assert main([name, str(hands), "--output", str(tmp_path / "out"), *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [["--every", "0"], ["--every", "x"], ["--metres", "-1"]])
def test_numbers_that_cannot_be_are_refused(hands, capsys, option):
    with pytest.raises(SystemExit):
        main(["bvh", str(hands), *option])
    assert "is not a" in capsys.readouterr().err


def test_help_says_of_every_format_what_it_takes_and_its_licence(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    for name, form in FORMATS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {name} ")]
        assert form.holds in line
        assert form.origin in line
        assert (form.license or "not in the files") in line


def test_only_a_licence_that_permits_it_is_for_training():
    training = {name for name, form in FORMATS.items() if form.use == "train"}
    assert training == {"keypointnet"}
    for name, form in FORMATS.items():
        if form.license and name not in training:
            assert form.license.endswith("evaluation only"), name
