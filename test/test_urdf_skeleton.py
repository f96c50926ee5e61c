"""From a URDF to a skeleton: keypoints, edges, pairs, size, and the command that writes it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from urdf_robots import ARM, GRIPPER, joint, robot

from lfm_ros.cli import main
from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.placement import size
from lfm_ros.skeletons import as_yaml, load_skeleton, registered
from lfm_ros.urdf import load_robot

LEGS = {"FL": (0.3, 0.1), "FR": (0.3, -0.1), "RL": (-0.3, 0.1), "RR": (-0.3, -0.1)}


def leg(name: str, x: float, y: float) -> list[str]:
    return [
        joint(f"{name}_1", "revolute", "trunk", f"{name}_hip", f"{x} {y} 0", "0 1 0"),
        joint(f"{name}_2", "revolute", f"{name}_hip", f"{name}_knee", "0 0 -0.2", "0 1 0"),
        joint(f"{name}_3", "fixed", f"{name}_knee", f"{name}_foot", "0 0 -0.2"),
    ]


QUADRUPED = robot(
    *(text for name, place in LEGS.items() for text in leg(name, *place)),
    links=" ".join(["trunk"] + [f"{a}_{b}" for a in LEGS for b in ("hip", "knee", "foot")]),
    name="dog",
)


def named(pairs, names) -> set[tuple[str, str]]:
    return {(names[a], names[b]) for a, b in pairs}


def test_edges_skip_the_links_that_are_not_keypoints():
    rig = load_robot(ARM, ["tip", "base", "upper"]).skeleton
    assert rig.names == ("tip", "base", "upper")
    assert named(rig.edges, rig.names) == {("base", "upper"), ("upper", "tip")}
    assert rig.name == "arm"


def test_what_only_hangs_together_through_links_left_out_stays_joined():
    names = ["FL_hip", "FL_foot", "FR_hip", "FR_foot", "RL_foot"]
    rig = load_robot(QUADRUPED, names).skeleton
    assert named(rig.edges, rig.names) == {
        ("FL_hip", "FL_foot"),
        ("FR_hip", "FR_foot"),
        ("FL_hip", "FR_hip"),
        ("FL_hip", "RL_foot"),
    }


def test_without_a_choice_the_base_what_moves_and_the_ends_are_keypoints():
    arm = load_robot(ARM)
    # The hand is fixed and no end; the turret turns on the spot, above the base.
    assert arm.skeleton.names == ("base", "turret", "upper", "fore", "tip")
    dog = load_robot(QUADRUPED).skeleton
    assert len(dog) == 13
    assert ("FL_hip", "FR_hip") in named(dog.pairs, dog.names)
    assert ("RL_foot", "RR_foot") in named(dog.pairs, dog.names)
    assert len(dog.pairs) == 6


def test_links_at_one_place_are_taken_once_and_said():
    text = robot(
        joint("yaw", "revolute", "base", "hip_yaw", "0 0 1"),
        joint("roll", "revolute", "hip_yaw", "hip_roll", "0 0 0.0001", "1 0 0"),
        joint("pitch", "revolute", "hip_roll", "thigh", "0 0 0", "0 1 0"),
        joint("knee", "revolute", "thigh", "shank", "0 0 -0.4", "0 1 0"),
        links="base hip_yaw hip_roll thigh shank",
    )
    made = load_robot(text)
    assert made.skeleton.names == ("base", "hip_yaw", "shank")
    assert [note for note in made.notes if "left out" in note] == [
        "link 'hip_roll' left out: at 'hip_yaw'",
        "link 'thigh' left out: at 'hip_yaw'",
    ]
    # Near is near enough for a keypoint that is asked for by name, the same place is not.
    assert len(load_robot(text, ["base", "hip_yaw", "hip_roll"]).skeleton) == 3
    with pytest.raises(SkeletonError, match="'hip_roll' and 'thigh' are at the same place"):
        load_robot(text, ["base", "hip_roll", "thigh"])


def test_links_that_meet_in_one_pose_only_are_two():
    """At rest two fingers touch; as soon as they open they are two keypoints."""
    text = robot(
        joint("open", "prismatic", "palm", "left", "0.1 0 0", "0 1 0", limit="0 0.1"),
        joint("close", "prismatic", "palm", "right", "0.1 0 0", "0 -1 0", mimic="open 1 0"),
        links="palm left right",
    )
    assert load_robot(text).skeleton.names == ("palm", "left", "right")


def test_a_world_that_the_robot_moves_in_is_no_keypoint():
    text = robot(
        joint("free", "floating", "world", "body", limit=""),
        joint("neck", "revolute", "body", "head", "0 0 1", "0 1 0"),
        joint("nose", "fixed", "head", "nose", "0.2 0 0"),
        links="world body head nose",
    )
    assert load_robot(text).skeleton.names == ("body", "head", "nose")


@pytest.mark.parametrize("first", [[], ["map"], ["map", "world"]])
def test_a_root_that_only_carries_a_fixed_joint_is_no_keypoint(first):
    roots = [*first, "base"]
    text = robot(
        *(joint(f"at_{b}", "fixed", a, b, "0.3 0 1") for a, b in pairwise(roots)),
        joint("lift", "revolute", "base", "upper", "0 0 0.3", "0 1 0"),
        joint("mount", "fixed", "base", "camera", "0.2 0 0.1"),
        joint("bend", "revolute", "upper", "fore", "0 0 0.3", "0 1 0"),
        links=" ".join([*roots, "upper", "camera", "fore"]),
    )
    assert set(load_robot(text).skeleton.names) == {"base", "upper", "camera", "fore"}


def test_the_nominal_size_is_that_of_placement():
    arm = load_robot(ARM, ["base", "turret", "upper", "fore", "hand"])
    assert arm.skeleton.nominal_size == pytest.approx(0.2 + 0.1 + 0.4 + 0.3)
    bent = load_robot(ARM, ["base", "hand"])
    poses = bent.forward(bent.sample(4000, np.random.default_rng(9)))
    assert bent.skeleton.nominal_size == pytest.approx(
        np.median(size(poses, bent.skeleton)), rel=0.05
    )


def test_sizes_spread_as_far_as_the_joints_change_them():
    assert load_robot(ARM, ["base", "turret", "upper", "fore", "hand"]).skeleton.size_spread == 0.01
    bent = load_robot(ARM, ["base", "hand"])
    sizes = size(bent.forward(bent.sample(4000, np.random.default_rng(9))), bent.skeleton)
    assert bent.skeleton.size_spread == pytest.approx(np.log(sizes).std(), rel=0.15)


def test_what_is_written_is_read_back(tmp_path: Path):
    for rig in (*map(load_skeleton, registered()), load_robot(GRIPPER).skeleton):
        path = tmp_path / f"{rig.name}.yaml"
        path.write_text(as_yaml(rig))
        assert load_skeleton(str(path)) == rig


def test_names_that_yaml_would_misread_survive(tmp_path: Path):
    links = "no 1 on~off null 2e3"
    text = robot(
        *(joint(f"j{i}", "revolute", "no", c, f"{i} 1 0") for i, c in enumerate(links.split()[1:])),
        links=links,
    )
    path = tmp_path / "tested.yaml"
    path.write_text(as_yaml(load_robot(text).skeleton))
    assert load_skeleton(str(path)).names == tuple(links.split())


def write_robot(folder: Path, text: str = QUADRUPED) -> str:
    path = folder / "dog.urdf"
    path.write_text(text)
    return str(path)


def test_the_command_writes_what_load_skeleton_reads(tmp_path: Path, capsys):
    out = tmp_path / "dog.yaml"
    links = ["trunk", "FL_foot", "FR_foot", "RL_foot", "RR_foot"]
    arguments = ["--links", ", ".join(links), "--output", str(out)]
    assert main(["skeleton", "from-urdf", write_robot(tmp_path), *arguments]) == 0
    rig = load_skeleton(str(out))
    assert rig == load_robot(QUADRUPED, links).skeleton
    said = capsys.readouterr()
    assert f"5 keypoints, 4 edges, 2 left/right pairs -> {out}" in said.out
    urdf = tmp_path / "dog.urdf"
    train = f"python -m training.train --urdf {urdf} --links {','.join(links)} --init base"
    assert f"{train} --run runs/dog --samples 150000\n" in said.err


def test_the_command_prints_without_an_output(tmp_path: Path, capsys):
    assert main(["skeleton", "from-urdf", write_robot(tmp_path)]) == 0
    path = tmp_path / "printed.yaml"
    path.write_text(capsys.readouterr().out)
    assert load_skeleton(str(path)).names == load_robot(QUADRUPED).skeleton.names


def test_the_command_says_what_it_settled(tmp_path: Path, capsys):
    text = robot(
        joint("elbow", "revolute", "a", "b", "1 0 0", limit=""),
        joint("end", "fixed", "b", "c", "1 0 0"),
        joint("mount", "fixed", "a", "d", "0 1 0"),
        links="a b c d",
    )
    assert main(["skeleton", "from-urdf", write_robot(tmp_path, text)]) == 0
    assert "joint 'elbow' has no limits" in capsys.readouterr().err


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys):
    path = write_robot(tmp_path)
    cases = [
        ([path, "--links", "trunk,FL_fot"], "did you mean 'FL_foot'"),
        ([path, "--output", str(tmp_path / "dog.json")], "not a .yaml path"),
        ([path, "--output", str(tmp_path / "dog.urdf" / "x.yaml")], "cannot be written"),
        ([path, "--output", str(tmp_path / "tpyo" / "x.yaml")], "cannot be written: No such"),
        ([path, "--links", "trunk,FL_foot,FR_foot"], "3 keypoints (trunk, FL_foot, FR_foot) are"),
        ([str(tmp_path / "cat.urdf")], "cannot be read"),
    ]
    for arguments, message in cases:
        assert main(["skeleton", "from-urdf", *arguments]) == 2
        assert message in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["dog.urdf"]


def test_list_and_show(capsys):
    assert main(["skeleton", "list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == registered()
    assert "17 keypoints" in listed
    assert main(["skeleton", "show", "coco17"]) == 0
    assert "left_shoulder" in capsys.readouterr().out
    assert main(["skeleton", "show", "coco71"]) == 2
    assert "coco17" in capsys.readouterr().err
