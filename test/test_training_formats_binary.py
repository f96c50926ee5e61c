"""Public sets in MATLAB files and pickles: small files in the layout of each."""

from __future__ import annotations

import pickle
from collections import OrderedDict

import numpy as np
import pytest
from formats_fixtures import converted, only
from scipy.io import savemat

from lfm_ros.core.errors import InputError
from training.data.formats.pickles import read_pickle
from training.data.prepare import prepare

# --- PASCAL3D+


def cad_models(parts: list[dict[str, np.ndarray]]) -> np.ndarray:
    """A (1, M) structure array as in CAD/<class>.mat; the field of a missing part is empty."""
    names = sorted({name for part in parts for name in part})
    models = np.empty((1, len(parts)), [(n, object) for n in ("vertices", "pnames", *names)])
    for row, part in enumerate(parts):
        models["vertices"][0, row] = np.zeros((5, 3))
        models["pnames"][0, row] = np.array(names, object)[None]
        for name in names:
            models[name][0, row] = part.get(name, np.zeros((0, 0)))
    return models


def test_pascal3d_reads_the_anchors_of_every_cad_model(tmp_path):
    place = {name: np.array([[i, i**2, i % 3]]) / 9 for i, name in enumerate("abcde")}
    without = {name: point for name, point in place.items() if name != "c"}
    (tmp_path / "p3d/CAD").mkdir(parents=True)
    savemat(tmp_path / "p3d/CAD/sofa.mat", {"sofa": cad_models([place, without])})
    savemat(tmp_path / "p3d/notes.mat", {"other": 1})
    poses, row = only("pascal3d", tmp_path / "p3d")
    assert poses.name == "object/pascal3d_sofa"
    assert poses.skeleton.names == tuple("abcde")
    assert poses.sequence.tolist() == [0, 1]
    np.testing.assert_allclose(poses.xyz[0], np.concatenate(list(place.values())), atol=1e-6)
    assert poses.valid.tolist() == [[True] * 5, [True, True, False, True, True]]
    np.testing.assert_array_equal(poses.up, [0, 0, 1])
    assert len(poses.skeleton.edges) == 4
    assert row["license"] == "none stated: evaluation only"


@pytest.mark.parametrize(
    ("content", "message"),
    [({"car": np.eye(3)}, "not a structure"), ({"bus": 1}, r"no entry 'car'.*bus")],
)
def test_a_matlab_file_of_something_else_is_named(tmp_path, content, message):
    savemat(tmp_path / "car.mat", content)
    with pytest.raises(InputError, match=message):
        prepare("pascal3d", tmp_path, tmp_path / "out")


def test_what_is_no_matlab_file_is_named(tmp_path):
    (tmp_path / "car.mat").write_bytes(b"MATLAB 7.3 MAT-file, but torn")
    with pytest.raises(InputError, match=r"car\.mat is not a MATLAB 5 file"):
        prepare("pascal3d", tmp_path, tmp_path / "out")


# --- Human3.6M


def test_human36m_keeps_17_of_32_joints_and_the_subjects_apart(tmp_path):
    truth = np.random.default_rng(0).standard_normal((3, 32, 3)).astype(np.float32)
    data = {"S1": {"Walking": truth, "Eating 1": truth + 1}, "S9": {"Walking": truth + 2}}
    (tmp_path / "h36m").mkdir()
    np.savez_compressed(tmp_path / "h36m/data_3d_h36m.npz", positions_3d=data)  # type: ignore
    poses, row = only("human36m", tmp_path / "h36m")
    assert poses.xyz.shape == (9, 17, 3)
    assert poses.sequence.tolist() == [0] * 6 + [1] * 3
    place = poses.skeleton.names.index
    # Of the 32: 3 is the right foot, 15 the top of the head, 19 the left and 27 the right wrist.
    for name, joint in (("right_ankle", 3), ("head", 15), ("left_wrist", 19), ("right_wrist", 27)):
        np.testing.assert_array_equal(poses.xyz[3, place(name)], truth[0, joint] + 1)
    assert row["unit"] == "m"
    np.testing.assert_array_equal(poses.up, [0, 0, 1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"positions_3d": {"S1": {"Walking": np.zeros((2, 17, 3))}}}, r"S1 Walking.*\(2, 17, 3\)"),
        ({"positions_3d": {"S1": np.zeros((2, 32, 3))}}, r"not \{subject: \{action"),
        ({"positions_3d": np.zeros((2, 32, 3))}, r"not one object"),
        ({"positions_2d": {}}, r"with 'positions_3d'"),
    ],
)
def test_another_npz_is_named(tmp_path, arrays, message):
    np.savez(tmp_path / "data_3d_h36m.npz", **arrays)
    with pytest.raises(InputError, match=message):
        prepare("human36m", tmp_path, tmp_path / "out")


# --- AcinoSet and MBW


def dump(path, content, protocol: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=protocol))


@pytest.mark.parametrize("markers", [20, 21])
def test_acinoset_gives_a_sequence_a_run(tmp_path, markers):
    truth = np.random.default_rng(0).standard_normal((3, markers, 3))
    home = tmp_path / "acino/2019_03_09"
    extra = {"x": np.zeros((3, 45)), "start_frame": 70}
    # Later versions save a list of arrays, the first one an array.
    dump(home / "jules/flick1/fte/fte.pickle", {"positions": list(truth), **extra})
    dump(home / "lily/run/fte/fte.pickle", {"positions": truth + 1, **extra})
    poses, _ = only("acinoset", tmp_path / "acino")
    assert poses.name == "animal/acinoset_cheetah"
    assert poses.sequence.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(poses.xyz[:3], truth[:, :20], atol=1e-6)
    names = poses.skeleton.names
    assert (names[7], names[16], names[19]) == ("tail2", "l_back_ankle", "r_back_ankle")
    assert (names.index("spine"), names.index("tail_base")) in poses.skeleton.edges


def test_mbw_keeps_the_frames_that_both_views_agree_on(tmp_path):
    truth = np.random.default_rng(0).standard_normal((4, 9, 3)) + 5
    frames = [
        {"W_GT": np.full((9, 2), np.nan), "S_Pred": p, "confidence": i != 1, "BBox": np.zeros(4)}
        for i, p in enumerate(truth)
    ]
    frames[2] = {**frames[2], "S_Pred": np.zeros((9, 3)), "confidence": np.bool_(True)}
    dump(tmp_path / "zoo/Colobus_Monkey/annot/CAM_1.pkl", frames)
    dump(tmp_path / "zoo/Colobus_Monkey/annot/CAM_2.pkl", frames)
    dump(tmp_path / "zoo/Fish/annot/CAM_1.pkl", frames[:1])
    sets, rows = converted("mbw", tmp_path / "zoo")
    assert set(sets) == {"animal/mbw_colobus_monkey", "animal/mbw_fish"}
    monkey = sets["animal/mbw_colobus_monkey"]
    np.testing.assert_allclose(monkey.xyz, truth[[0, 3]], rtol=1e-6)
    assert len(monkey.skeleton.edges) == 8
    assert {row["license"] for row in rows} == {"CC BY-NC 4.0: evaluation only"}


# --- pickles are read without running what is in them


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_plain_containers_are_read(tmp_path, protocol):
    content = {"a": [np.arange(6.0).reshape(2, 3), np.float32(2), np.bool_(True)], "b": ("x", None)}
    content["c"] = np.array([{"d": np.ones(2, np.int16)}, "text"], object)
    content["e"] = np.asfortranarray(np.arange(6).reshape(2, 3))
    dump(tmp_path / "plain.pkl", content, protocol)
    back = read_pickle(tmp_path / "plain.pkl")
    np.testing.assert_array_equal(back["a"][0], content["a"][0])
    assert back["a"][1:] == content["a"][1:]
    assert back["b"] == ("x", None)
    np.testing.assert_array_equal(back["c"][0]["d"], [1, 1])
    np.testing.assert_array_equal(back["e"], content["e"])


def test_arrays_that_older_numpy_wrote_are_read(tmp_path):
    # Before numpy 2 the functions stood in numpy.core; a file of then says so.
    written = pickle.dumps(np.arange(3.0), protocol=0).replace(b"numpy._core", b"numpy.core")
    (tmp_path / "old.pkl").write_bytes(written)
    np.testing.assert_array_equal(read_pickle(tmp_path / "old.pkl"), [0, 1, 2])


class Harm:
    """Unpickled by pickle.load, it would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.mkdir, (str(self.path),)


def test_a_pickle_that_calls_anything_else_is_refused_and_does_nothing(tmp_path):
    harm = Harm(tmp_path / "harmed")
    dump(tmp_path / "run/fte.pickle", {"positions": harm})
    with pytest.raises(InputError, match=r"fte\.pickle.*asks for posix\.mkdir.*not an array"):
        prepare("acinoset", tmp_path, tmp_path / "out")
    np.savez(tmp_path / "data_3d_h36m.npz", positions_3d={"S1": harm})  # type: ignore
    with pytest.raises(InputError, match=r"asks for posix\.mkdir"):
        prepare("human36m", tmp_path, tmp_path / "out")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("content", [OrderedDict(a=1), {"f": print}, {1: range(3)}])
def test_even_harmless_classes_are_refused(tmp_path, content):
    dump(tmp_path / "a.pkl", content)
    with pytest.raises(InputError, match="not a pickle of plain numpy arrays"):
        read_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize("content", [b"", b"\x80\x04torn", b"no pickle at all"])
def test_a_damaged_pickle_is_named(tmp_path, content):
    (tmp_path / "fte.pickle").write_bytes(content)
    with pytest.raises(InputError, match=r"fte\.pickle is not a pickle of plain numpy arrays"):
        prepare("acinoset", tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("acinoset", "fte.pickle", {"x": 1}, "'positions'"),
        ("acinoset", "fte.pickle", {"positions": np.zeros((2, 17, 3))}, r"\(2, 17, 3\).*lure"),
        ("mbw", "annot/a.pkl", {"S_Pred": 1}, "expected a list of frames"),
        ("mbw", "annot/a.pkl", [{"W_GT": 1}], "frame 0.*S_Pred"),
        ("mbw", "annot/a.pkl", [{"S_Pred": np.ones((9, 3)), "confidence": False}], "none of 1"),
    ],
)
def test_a_pickle_of_another_layout_is_named(tmp_path, name, file, content, message):
    dump(tmp_path / file, content)
    with pytest.raises(InputError, match=message):
        prepare(name, tmp_path, tmp_path / "out")
