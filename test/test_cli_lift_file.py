"""``lfm lift`` on an ``.npz``: what tells metres, and what is written of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lfm_ros import Intrinsics, Lifter, pixel_doubts
from lfm_ros.cli import main
from lfm_ros.skeletons import load_skeleton

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

MATRIX = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
RIG = load_skeleton("coco17")
PIXELS = np.random.default_rng(0).uniform((500, 200), (800, 600), (3, 17, 2))


def written(path: Path, **arrays: object) -> str:
    np.savez(path, **{name: np.asarray(value) for name, value in arrays.items()})
    return str(path)


@pytest.fixture
def people(tmp_path: Path) -> str:
    return written(
        tmp_path / "in.npz", keypoints=PIXELS, K=MATRIX, image_size=(1280, 720), names=RIG.names
    )


def lift(source: str, output: Path, *options: str) -> dict[str, np.ndarray]:
    assert main(["lift", source, "--output", str(output), *options]) == 0
    with np.load(output) as file:
        return {name: file[name] for name in file.files}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["lift", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("entry", ["9.5", "coco17:9.5", "coco17: 9.5"])
def test_a_known_size_tells_metres(people, tmp_path, capsys, entry):
    found = lift(people, tmp_path / "out.npz", "--known-size", entry)
    assert set(found["scale_source"]) == {"known"}
    assert "3 of 3 instances of coco17 lifted (unit m; size by known 3)" in capsys.readouterr().out
    usual = lift(people, tmp_path / "out.npz")
    assert set(usual["scale_source"]) == {"nominal"}
    # The same shapes, nearer or farther; who knows the size knows the place better.
    ratio = found["points"][..., 2] / usual["points"][..., 2]
    np.testing.assert_allclose(ratio, 9.5 / RIG.nominal_size, rtol=1e-4)
    assert (found["place_sigma"] < ratio[:, 0] * usual["place_sigma"]).all()


def test_a_height_in_place_of_a_size_is_noted(people, tmp_path, capsys, recwarn):
    lift(people, tmp_path / "out.npz", "--known-size", "1.75")
    assert "note: known size of coco17: 1.75 m, where 5.32 m is usual" in capsys.readouterr().err
    assert not recwarn.list


def test_the_height_of_the_camera_is_a_ground(people, tmp_path):
    by_height = lift(people, tmp_path / "out.npz", "--ground", "1.5")
    by_plane = lift(people, tmp_path / "out.npz", "--ground", "0,-1,0,1.5", "--gravity", "none")
    with Lifter.from_pretrained() as lifter:
        camera = Intrinsics(MATRIX, (1280, 720))
        wanted = lifter.lift(PIXELS, None, camera, RIG, up=(0, -1, 0), ground=(0, -1, 0, 1.5))
    assert "ground" in wanted.scale_source
    assert by_height["scale_source"].tolist() == wanted.scale_source
    np.testing.assert_allclose(by_height["points"], wanted.points, atol=1e-4)
    assert "ground" in by_plane["scale_source"]


def test_the_ground_of_a_pitched_camera_is_told_by_its_height(people, tmp_path):
    told = lift(people, tmp_path / "a.npz", "--ground", "2", "--camera-pitch", "20")
    slope = np.deg2rad(20)
    plane = f"--ground=0,{-np.cos(slope)},{-np.sin(slope)},2"
    same = lift(people, tmp_path / "b.npz", plane, "--camera-pitch", "20")
    np.testing.assert_allclose(told["points"], same["points"], atol=1e-4)


def test_what_is_written_can_be_read_without_the_input(people, tmp_path):
    found = lift(people, tmp_path / "out.npz")
    (rig,) = json.loads(str(found["skeletons"]))
    assert rig["keypoints"] == list(RIG.names)
    np.testing.assert_allclose(found["keypoints"], PIXELS, rtol=1e-6)
    assert (found["confidence"] == 1).all()


def test_a_file_without_a_rig_says_so_and_has_the_leading_shape(tmp_path, capsys):
    keypoints = PIXELS.reshape(1, 3, 17, 2).copy()
    keypoints[0, 1, 5:] = np.nan
    keypoints[0, 2] = np.nan
    found = lift(written(tmp_path / "in.npz", keypoints=keypoints), tmp_path / "out.npz")
    said = capsys.readouterr()
    assert "2 of 3 instances of a rig without a name or edges lifted (unit radius" in said.out
    assert "note: nothing says of which rig" in said.err
    assert "give --skeleton (with 17 keypoints: ap10k17, coco17," in said.err
    assert "note: no camera" in said.err
    assert found["valid"].tolist() == [[True, True, False]]
    assert found["place_sigma"].shape == (1, 3)
    assert json.loads(str(found["skeletons"])) == []
    # What is neither seen nor joined to anything is not known.
    unknown = np.isnan(found["points"]).any(-1)
    assert unknown.sum(-1).tolist() == [[0, 12, 17]]
    np.testing.assert_array_equal(unknown, np.isnan(found["sigma"]))
    np.testing.assert_array_equal(unknown, found["confidence"] == 0)


def test_what_cannot_be_used_is_said(people, tmp_path, capsys):
    out = ("--output", str(tmp_path / "out.npz"))
    plain = written(tmp_path / "plain.npz", keypoints=PIXELS)
    assert "give --skeleton" in refused(capsys, plain, *out, "--known-size", "9")
    assert "without a camera" in refused(capsys, plain, *out, "--ground", "1.5")
    assert "'car', which is not" in refused(capsys, people, *out, "--known-size", "car:9")
    assert "metres above 0" in refused(capsys, people, *out, "--known-size", "tall")
    height = ("--ground", "1.5", "--gravity", "none")
    assert "needs gravity" in refused(capsys, people, *out, *height)
    assert "above 0" in refused(capsys, people, *out, "--ground", "0")
    assert not (tmp_path / "out.npz").exists()


def test_a_file_of_which_nothing_is_lifted_is_refused_as_a_recording_is(tmp_path, capsys):
    unseen = written(tmp_path / "in.npz", keypoints=PIXELS, confidence=np.zeros((3, 17)))
    said = refused(capsys, unseen, "--output", str(tmp_path / "out.npz"))
    assert "nothing was lifted of 3 instances" in said
    assert "4 different keypoints" in said
    assert not (tmp_path / "out.npz").exists()


def test_what_the_lifter_warns_of_is_a_note(tmp_path, capsys, monkeypatch, recwarn):
    monkeypatch.setattr(pixel_doubts, "_told", False)
    shares = PIXELS / (1280, 720)
    path = written(tmp_path / "in.npz", keypoints=shares, K=MATRIX, image_size=(1280, 720))
    lift(path, tmp_path / "out.npz")
    assert "note: all 51 keypoints lie within 2 pixels of the corner" in capsys.readouterr().err
    assert not recwarn.list


def test_an_array_without_a_name_is_refused(tmp_path, capsys):
    path = tmp_path / "x.npy"
    np.save(path, PIXELS)
    said = refused(capsys, str(path), "--output", str(tmp_path / "out.npz"))
    assert "np.savez('x.npz', keypoints=array)" in said


def test_a_ground_of_another_form_is_refused(people, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["lift", people, "--output", str(tmp_path / "out.npz"), "--ground", "1,2"])
    assert "'1,2' is neither a height in metres nor four numbers" in capsys.readouterr().err


def test_what_is_read_is_never_replaced(people, capsys):
    before = Path(people).read_bytes()
    assert f"--output {people} is what is read" in refused(capsys, people, "--output", people)
    assert Path(people).read_bytes() == before
