"""Skeletons: what they hold, what they refuse, and the files that ship."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from lfm_ros import Skeleton
from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import RootFrame
from lfm_ros.skeletons import load_skeleton, registered


def test_adjacency_is_symmetric_and_has_no_diagonal():
    rig = Skeleton("abcd", [(0, 1), (2, 1), (1, 2)])
    expected = [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(rig.adjacency, expected)
    assert rig.adjacency.dtype == np.float32


def test_equal_rigs_are_one_rig():
    """The lifter joins equal rigs of a batch, whatever sequences they were made from."""
    first = Skeleton(["a", "b"], [(0, 1)], root=RootFrame((0,), (0,), (1,), (0,), (1,)))
    second = Skeleton(("a", "b"), np.array([[0, 1]]), root=RootFrame([0], [0], [1], [0], [1]))
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": "abca"}, r"\['a'\] appear twice"),
        ({"edges": [(0, 4)]}, r"\[4\].*4 keypoints \(0 to 3\)"),
        ({"edges": [(-1, 0)]}, r"\[-1\]"),
        ({"pairs": [(0, 9)]}, r"\[9\]"),
        ({"edges": [(2, 2)]}, "to itself"),
        ({"edges": [(0, 1, 2)]}, "pairs of keypoint indices"),
        ({"edges": ["ab"]}, "pairs of keypoint indices"),
        ({"edges": 5}, "pairs of keypoint indices"),
        ({"nominal_size": 0}, "nominal_size is 0"),
        ({"nominal_size": -1.7}, "-1.7.*metres above 0"),
        ({"nominal_size": np.nan}, "nan"),
        ({"nominal_size": "big"}, "big"),
        ({"root": RootFrame((0,), (1,), (2,), (3,), (7,))}, r"\[7\]"),
    ],
)
def test_refuses_and_says_why(changes, message):
    with pytest.raises(SkeletonError, match=message):
        Skeleton(**{"names": "abcd", **changes})


@pytest.mark.parametrize("name", registered())
def test_a_registered_skeleton_is_whole(name):
    rig = load_skeleton(name)
    assert rig.name == name
    assert len(rig) >= 4
    assert rig.edges, "the network lifts rigs with edges better"
    assert len(set(map(frozenset, rig.edges))) == len(rig.edges), "an edge is there twice"
    assert rig.nominal_size is not None, "the node publishes metres"
    assert 0.1 < rig.nominal_size < 50
    sides = [i for pair in rig.pairs for i in pair]
    assert len(set(sides)) == len(sides), "a keypoint has two opposites"
    assert load_skeleton(name) is rig


def test_well_known_rigs_are_there():
    assert {"coco17", "h36m17", "hand21", "mvor10"} <= set(registered())
    assert len(load_skeleton("coco17")) == 17
    assert load_skeleton("coco17").names[0] == "nose"
    assert len(load_skeleton("hand21")) == 21


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(SkeletonError, match=r"'coco18'.*coco17.*\.yaml"):
        load_skeleton("coco18")


def test_sides_are_those_of_the_pairs_and_pairs_those_of_the_names():
    rig = Skeleton(["nose", "left_eye", "right_eye", "tail"])
    assert rig.pairs == ((1, 2),)
    assert rig.sides.tolist() == [0, 1, -1, 0]
    assert rig.sides.dtype == np.float32
    assert Skeleton(rig.names, pairs=[]).pairs == ()
    assert not Skeleton(rig.names, pairs=()).sides.any()
    assert Skeleton(rig.names, pairs=[(3, 0)]).sides.tolist() == [-1, 0, 0, 1]


def test_a_file_may_leave_the_pairs_to_the_names(tmp_path):
    names = {"keypoints": ["left_hip", "right_hip", "neck"]}
    assert load_skeleton(written(tmp_path, names)).pairs == ((0, 1),)
    (tmp_path / "none").mkdir()
    assert load_skeleton(written(tmp_path / "none", {**names, "pairs": []})).pairs == ()


def test_what_is_itself_one_of_a_pair_is_on_its_side_throughout():
    assert Skeleton(["a", "b"], side="right").sides.tolist() == [-1, -1]
    # Of a left hand's own left and right, as a glove's markers are named, the names decide.
    assert Skeleton(["tip", "left_edge", "right_edge"], side="left").sides.tolist() == [1, 1, -1]
    assert Skeleton(["a"], side="left") != Skeleton(["a"], side="right")
    with pytest.raises(SkeletonError, match=r"side is 'up'.*'left' or 'right'"):
        Skeleton(["a"], side="up")


def test_a_file_may_be_like_another_skeleton(tmp_path):
    like, hand = {"like": "hand21", "side": "left", "nominal_size": 0.5}, load_skeleton("hand21")
    mine = load_skeleton(written(tmp_path, like))
    assert (mine.names, mine.edges, mine.root) == (hand.names, hand.edges, hand.root)
    assert (mine.name, mine.side, mine.nominal_size) == ("mine", "left", 0.5)
    assert load_skeleton("hand21_right").side == "right"


@pytest.mark.parametrize("like", ["nobody", 3, ["hand21"]])
def test_what_a_file_is_like_must_be_known(tmp_path, like):
    with pytest.raises(SkeletonError, match=r"nobody|mine\.yaml: like is"):
        load_skeleton(written(tmp_path, {"like": like}))


GOOD = {"keypoints": ["a", "b", "c", "d"], "edges": [["a", "b"]], "nominal_size": 1.5}


def written(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def test_reads_a_file_of_ones_own(tmp_path):
    root = {"origin": ["a", "b"], "z": [["a"], ["b"]], "y": [["c"], ["d"]]}
    rig = load_skeleton(written(tmp_path, {**GOOD, "pairs": [["c", "d"]], "root": root}))
    assert rig.name == "mine"
    assert rig.edges == ((0, 1),)
    assert rig.pairs == ((2, 3),)
    assert rig.nominal_size == 1.5
    assert rig.root == RootFrame((0, 1), (0,), (1,), (2,), (3,))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1, 2",
        "- a\n- b",
        {"edges": []},
        {**GOOD, "bones": []},
        {**GOOD, "edges": [["a", "z"]]},
        {**GOOD, "edges": [["a"]]},
        {**GOOD, "edges": 3},
        {**GOOD, "keypoints": 7},
        {**GOOD, "keypoints": ["a", "a"]},
        {**GOOD, "nominal_size": "big"},
        {**GOOD, "root": {"origin": ["a"]}},
        {**GOOD, "root": ["a"]},
        {**GOOD, "root": {"origin": ["a"], "z": [["a"]], "y": [["a"], ["b"]]}},
    ],
    ids=str,
)
def test_a_wrong_file_is_named(tmp_path, content):
    with pytest.raises(SkeletonError, match=r"mine\.yaml|'mine'"):
        load_skeleton(written(tmp_path, content))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(SkeletonError, match=r"nowhere\.yaml"):
        load_skeleton("nowhere.yaml")


def test_what_goes_out_as_json_is_plain():
    told = load_skeleton("coco17").as_dict()
    again = json.loads(json.dumps(told))
    assert again == told
    assert set(again) == {"name", "keypoints", "edges", "pairs", "nominal_size", "side"}


def test_contacts_say_how_high_keypoints_are_when_the_object_stands():
    rig = Skeleton("abcd", contacts=[(1, 0.07), (3, 0)])
    np.testing.assert_array_equal(rig.contact_heights, [np.nan, 0.07, np.nan, 0])
    np.testing.assert_array_equal(Skeleton("ab").contact_heights, 0)
    assert np.isnan(Skeleton("ab", contacts=()).contact_heights).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contacts": [(4, 0.0)]}, r"\[4\].*contacts"),
        ({"contacts": [(0, np.nan)]}, "not finite"),
        ({"contacts": [0]}, "contacts"),
        ({"size_spread": 0.0}, "size_spread is 0"),
        ({"size_spread": "wide"}, "wide"),
        ({"surface_depth": -0.1}, "surface_depth -0.1"),
    ],
)
def test_wrong_sizes_and_contacts_are_refused(changes, message):
    with pytest.raises(SkeletonError, match=message):
        Skeleton("abcd", **changes)
