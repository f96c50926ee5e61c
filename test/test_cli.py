"""The command ``lfm``: files in, files out, and one sentence when something is wrong."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lfm_ros import Intrinsics, Lifter, Skeleton, __version__
from lfm_ros.cli import main
from lfm_ros.cli.camera_option import camera as camera_of
from lfm_ros.core.camera import pitched_up
from lfm_ros.core.errors import InputError
from lfm_ros.models import DEFAULT, available
from lfm_ros.resources import config_dir
from lfm_ros.scene.keypoint_file import read_keypoints
from lfm_ros.skeletons import load_skeleton

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

ROOT = Path(__file__).resolve().parents[1]
RIG = load_skeleton("coco17")
MATRIX = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
CAMERA = Intrinsics(MATRIX, (1280, 720))
UP = (0.0, -1.0, 0.0)


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform((400, 200), (900, 600), (*shape, 17, 2))


def write(path: Path, **arrays: object) -> str:
    np.savez(path, **{name: np.asarray(value) for name, value in arrays.items()})
    return str(path)


def lift(source: str, output: Path, *options: str) -> dict[str, np.ndarray]:
    assert main(["lift", source, "--output", str(output), *options]) == 0
    with np.load(output) as file:
        return {name: file[name] for name in file.files}


def test_lift_gives_what_the_lifter_gives(tmp_path: Path) -> None:
    # More rows than are lifted at once, so that the parts have to fit together.
    uv, confidence = pixels(300), np.full((300, 17), 0.9)
    confidence[7] = 0
    source = write(tmp_path / "in.npz", keypoints=uv, confidence=confidence)
    options = ("--skeleton", "coco17", "--camera", "900,900,640,360,1280,720")
    found = lift(source, tmp_path / "out.npz", *options)
    with Lifter.from_pretrained() as lifter:
        wanted = lifter.lift(uv, confidence, CAMERA, RIG, up=UP)
    # The names that a lifted recording has, and the unit.
    assert set(found) - {"unit"} == {
        *("points", "sigma", "observed", "confidence", "keypoints", "valid"),
        *("scale_source", "place_sigma", "skeletons"),
    }
    seen = wanted.valid
    for name in ("points", "sigma"):
        np.testing.assert_allclose(found[name][seen], getattr(wanted, name)[seen], atol=1e-4)
        assert np.isnan(found[name][~seen]).all()
    np.testing.assert_allclose(found["place_sigma"], wanted.place_sigma, atol=1e-4)
    np.testing.assert_allclose(found["keypoints"], uv, rtol=1e-6)
    np.testing.assert_allclose(found["confidence"], confidence, rtol=1e-6)
    for name in ("observed", "valid"):
        np.testing.assert_array_equal(found[name], getattr(wanted, name))
    assert not found["valid"][7]
    assert found["valid"].sum() == 299
    assert found["unit"].tolist() == wanted.unit
    assert found["scale_source"].tolist() == wanted.scale_source


def test_lift_keeps_frames_and_instances_apart(tmp_path: Path) -> None:
    uv = pixels(4, 3)
    found = lift(write(tmp_path / "in.npz", keypoints=uv), tmp_path / "out.npz")
    assert found["points"].shape == (4, 3, 17, 3)
    assert found["valid"].shape == found["unit"].shape == (4, 3)
    assert set(found["unit"].ravel()) == {"radius"}
    alone = lift(write(tmp_path / "one.npz", keypoints=uv[2, 1][None]), tmp_path / "out.npz")
    np.testing.assert_allclose(found["points"][2, 1], alone["points"][0], atol=1e-4)


def test_lift_turns_gravity_off(tmp_path: Path) -> None:
    source = write(tmp_path / "in.npz", keypoints=pixels(2))
    upright = lift(source, tmp_path / "out.npz", "--skeleton", "coco17")
    unknown = lift(source, tmp_path / "out.npz", "--skeleton", "coco17", "--gravity", "none")
    assert np.abs(upright["points"] - unknown["points"]).max() > 1e-3


def test_lift_is_told_how_far_the_camera_looks_down(tmp_path: Path) -> None:
    source = write(tmp_path / "in.npz", keypoints=pixels(2), K=MATRIX, image_size=[1280, 720])
    told = lift(source, tmp_path / "out.npz", "--skeleton", "coco17", "--camera-pitch", "25")
    with Lifter.from_pretrained() as lifter:
        expected = lifter.lift(pixels(2), None, CAMERA, RIG, up=pitched_up(25))
    np.testing.assert_allclose(told["points"], expected.points, atol=1e-4)


@pytest.mark.parametrize("pitch", ["200", "steep", "nan"])
def test_lift_refuses_a_pitch_that_is_none(pitch: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lift", "in.npz", "--output", "out.npz", "--camera-pitch", pitch])
    assert "give -90 to 90 degrees" in capsys.readouterr().err


def test_lift_mistrusts_keypoints_at_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uv, confidence = pixels(3), np.ones((3, 17))
    uv[0, 2] = uv[1, 5] = uv[2, 7] = uv[2, 9] = 0
    confidence[1, 5], uv[2, 9, 0] = 0, 3
    lift(write(tmp_path / "in.npz", keypoints=uv, confidence=confidence), tmp_path / "out.npz")
    assert "note: 2 keypoints are seen at exactly (0, 0)" in capsys.readouterr().err
    lift(write(tmp_path / "in.npz", keypoints=pixels(3)), tmp_path / "out.npz")
    assert "(0, 0)" not in capsys.readouterr().err


def test_lift_of_nothing_is_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "in.npz", keypoints=np.zeros((0, 17, 2)))
    found = lift(source, tmp_path / "out.npz", "--skeleton", "coco17")
    assert found["points"].shape == (0, 17, 3)


def test_the_common_form_brings_its_camera_and_rig(tmp_path: Path) -> None:
    matrices = np.stack([MATRIX, MATRIX * [[2], [2], [1]], MATRIX])
    path = write(
        tmp_path / "common.npz",
        uv=pixels(3, seed=1),
        uv_valid=np.ones((3, 17), bool),
        uv_det=pixels(3),
        uv_det_conf=np.full((3, 17), 1.05),
        K=matrices,
        image_size=[1280, 720],
        names=[f"n{i}" for i in range(17)],
        edges=RIG.edges,
    )
    file = read_keypoints(Path(path))
    np.testing.assert_array_equal(file.keypoints, pixels(3))
    assert file.confidence is not None
    assert file.confidence.max() == 1.0
    assert file.cameras is not None
    assert file.cameras[0] is file.cameras[2]
    np.testing.assert_array_equal(file.cameras[1].matrix, matrices[1])
    assert file.cameras[1].size == (1280, 720)
    assert file.skeleton == Skeleton([f"n{i}" for i in range(17)], RIG.edges, name="common")
    labels = read_keypoints(Path(path), "uv")
    np.testing.assert_array_equal(labels.keypoints, pixels(3, seed=1))


def test_the_file_that_is_named_is_the_file_that_is_written(tmp_path: Path, capsys) -> None:
    source = write(tmp_path / "in.npz", keypoints=pixels(1))
    assert main(["lift", source, "--output", str(tmp_path / "o"), "--model", "lfm_tiny"]) == 0
    assert str(tmp_path / "o.npz") in capsys.readouterr().out
    assert (tmp_path / "o.npz").is_file()


def test_a_camera_serves_all_instances_of_its_frame(tmp_path: Path) -> None:
    matrices = np.stack([MATRIX, MATRIX * [[2], [2], [1]]])
    path = write(tmp_path / "in.npz", keypoints=pixels(2, 3), K=matrices, dist=[0.1, 0, 0, 0, 0])
    cameras = read_keypoints(Path(path)).cameras
    assert cameras is not None
    assert [float(np.asarray(c.matrix)[0, 0]) for c in cameras] == [900] * 3 + [1800] * 3
    assert cameras[0].distortion == (0.1, 0, 0, 0, 0)


@pytest.mark.parametrize("file", ["coco17.npz", "anybody.npz"])
def test_a_registered_rig_is_known_by_its_keypoints(tmp_path: Path, file: str) -> None:
    path = write(tmp_path / file, keypoints=pixels(2), names=RIG.names)
    assert read_keypoints(Path(path)).skeleton == RIG


WITH_CAMERA = {"keypoints": np.zeros((2, 17, 2)), "K": np.diag([500.0, 500.0, 1.0])}


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"points": np.zeros(3)}, "no array keypoints or uv_det or uv; it has points"),
        ({"keypoints": np.zeros((17, 2))}, r"has shape \(17, 2\); it must be \(N, K, 2\)"),
        (
            {"keypoints": np.zeros((2, 17, 2)), "confidence": np.zeros((2, 16))},
            r"confidence has shape \(2, 16\)",
        ),
        ({"keypoints": np.zeros((2, 17, 2)), "K": np.zeros((5, 3, 3))}, "K has shape"),
        ({"keypoints": np.full((2, 17, 2), "x")}, "keypoints cannot be read as numbers"),
        ({**WITH_CAMERA, "image_size": np.ones((2, 17, 2))}, r"image_size has shape \(2, 17, 2\)"),
        ({**WITH_CAMERA, "image_size": np.full(2, np.nan)}, "not finite"),
        ({**WITH_CAMERA, "dist": np.float64(0)}, r"dist has shape \(\); it must be"),
        ({**WITH_CAMERA, "dist": np.zeros((3, 5))}, r"dist has shape \(3, 5\)"),
        ({"keypoints": np.zeros((2, 1, 2)), "names": "a", "edges": np.ones(3)}, "edges in"),
    ],
)
def test_files_that_do_not_fit_say_so(
    tmp_path: Path, arrays: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        read_keypoints(Path(write(tmp_path / "in.npz", **arrays)))


def sentence_of(*arguments: str) -> str:
    """What the command prints in a process of its own; it must be one line and status 2."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "lfm_ros.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_errors_are_one_sentence_and_status_2(tmp_path: Path) -> None:
    good = write(tmp_path / "in.npz", keypoints=pixels(2))
    garbage = tmp_path / "garbage.npz"
    garbage.write_bytes(b"PK garbage")
    out = str(tmp_path / "out.npz")
    assert "there is no file" in sentence_of("lift", str(tmp_path / "none"), "--output", out)
    assert "is not an npz" in sentence_of("lift", str(garbage), "--output", out)
    table = tmp_path / "table.csv"
    table.write_text("1,2,0.9\n")
    assert "np.loadtxt" in sentence_of("lift", str(table), "--output", out)
    assert "'nobody'" in sentence_of("lift", good, "--output", out, "--skeleton", "nobody")
    assert "'warp'" in sentence_of("lift", good, "--output", out, "--backend", "warp")
    unwritable = str(tmp_path / "no_such_folder" / "out.npz")
    assert "cannot be written" in sentence_of("lift", good, "--output", unwritable)


@pytest.mark.parametrize("camera", ["1,2,3", "a,b,c,d,e,f", "0,0,1,1,640,480"])
def test_a_wrong_camera_is_refused(camera: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["lift", "in.npz", "--output", "out.npz", "--camera", camera])
    assert raised.value.code == 2
    assert "--camera" in capsys.readouterr().err


# The form in which camera_calibration and the drivers of cameras keep a calibration.
CALIBRATION = """
image_width: 1280
image_height: 720
camera_name: narrow_stereo
camera_matrix: {rows: 3, cols: 3, data: [900.0, 0, 640.0, 0, 910.0, 360.0, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0.001, 0.002, 0]}
projection_matrix: {rows: 3, cols: 4, data: [880.0, 0, 641, 0, 0, 890.0, 361, 0, 0, 0, 1, 0]}
"""


def test_a_calibration_is_a_camera(tmp_path: Path) -> None:
    file = tmp_path / "camera.yaml"
    file.write_text(CALIBRATION)
    read = camera_of(str(file))
    assert (read.size, read.model) == ((1280, 720), "plumb_bob")
    assert read.distortion == (0.1, -0.2, 0.001, 0.002, 0.0)
    np.testing.assert_array_equal(read.matrix, [[900, 0, 640], [0, 910, 360], [0, 0, 1]])
    straight = tmp_path / "straight.yaml"
    straight.write_text(CALIBRATION.replace("[0.1, -0.2, 0.001, 0.002, 0]", "[0, 0, 0, 0, 0]"))
    source, out = write(tmp_path / "in.npz", keypoints=pixels(2)), tmp_path / "out.npz"
    found = lift(source, out, "--skeleton", "coco17", "--camera", str(straight))
    expected = lift(source, out, "--skeleton", "coco17", "--camera", "900,910,640,360,1280,720")
    np.testing.assert_array_equal(found["points"], expected["points"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("- 1", "is no calibration"),
        ("image_width: 5", "is no calibration.*camera_matrix"),
        (CALIBRATION.replace("[900.0,", "["), "shape|numbers|rows"),
        (CALIBRATION.replace("plumb_bob", "thin_prism"), "thin_prism"),
        ("{", "is no calibration"),
    ],
)
def test_a_calibration_of_another_form_is_refused(tmp_path: Path, content, message) -> None:
    file = tmp_path / "camera.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        camera_of(str(file))


def test_models_are_listed_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    for name in available():
        assert f"{name}" in shown
    assert f"{DEFAULT} (default)" in shown
    copy = tmp_path / "copy"
    shutil.copytree(config_dir() / "models" / DEFAULT, copy)
    assert main(["models", "verify", str(copy)]) == 0
    with (copy / "fp32.onnx").open("r+b") as file:
        file.write(b"\0\0\0\0")
    assert main(["models", "verify", str(copy)]) == 1
    assert "SHA-256" in capsys.readouterr().out


def test_view_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    monkeypatch.delitem(sys.modules, "lfm_ros.ros.viewer_node", raising=False)
    for name in [name for name in sys.modules if name.startswith("lfm_ros.ros")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["view"]) == 2
    assert "rclpy" in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, expected in ((["--version"], __version__), (["--help"], "demo")):
        with pytest.raises(SystemExit) as raised:
            main(arguments)
        assert raised.value.code == 0
        assert expected in capsys.readouterr().out


INTERRUPTED_WHILE_READING = """
import signal, sys
from lfm_ros.cli import main

# A shell starts what runs in its background with Ctrl-C ignored, these tests too.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.exit(main(["models"]))
"""


def test_ctrl_c_while_modules_are_read_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_READING],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_a_reader_that_leaves_is_no_error_message() -> None:
    command = f"{sys.executable} -m lfm_ros.cli models | true"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bench", "--batch", "x"], "'x' is not a whole number from 1 on"),
        (["bench", "--keypoints", "0"], "'0' is not a whole number from 1 on"),
        (["bench", "--seconds", "-1"], "'-1' is not a number of seconds above 0"),
        (["demo", "--seconds", "soon"], "'soon' is not a number of seconds above 0"),
        (["demo", "--port", "0"], "'0' is not a port; give one from 1 to 65535"),
        (["view", "--port", "99999"], "'99999' is not a port; give one from 1 to 65535"),
    ],
)
def test_numbers_that_cannot_be_are_refused_in_words(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert sentence in capsys.readouterr().err
