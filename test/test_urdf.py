"""Forward kinematics of URDF robots: against closed forms, and against scipy joint by joint."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from urdf_robots import ARM, GRIPPER, joint, robot

from lfm_ros.core.errors import InputError
from lfm_ros.urdf import load_robot

KINDS = ("revolute", "continuous", "prismatic", "fixed", "planar", "floating")
VALUES = {"fixed": 0, "planar": 3, "floating": 6}


def test_an_arm_is_where_its_closed_form_says():
    arm = load_robot(ARM, ["base", "upper", "fore", "hand", "tip"])
    q = arm.sample(50, np.random.default_rng(0))
    turn, lift, bend = q.T
    reach = 0.4 * np.cos(lift) + 0.3 * np.cos(lift + bend)
    height = 0.3 - 0.4 * np.sin(lift) - 0.3 * np.sin(lift + bend)
    found = arm.forward(q)
    assert found.shape == (50, 5, 3)
    expected = np.stack([reach * np.cos(turn), reach * np.sin(turn), height], -1)
    np.testing.assert_allclose(found[:, 3], expected, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], np.broadcast_to([0, 0, 0.3], (50, 3)), atol=1e-12)
    reached = np.linalg.norm(found[:, 4] - found[:, 3], axis=-1)
    np.testing.assert_allclose(reached, 0.1, atol=1e-12)


def test_mimics_follow_their_leader_even_through_each_other():
    gripper = load_robot(GRIPPER, ["carriage", "left_finger", "right_finger", "flap", "flap_edge"])
    assert gripper.joints == ("slide", "left")
    found = gripper.forward(np.array([[0.3, 0.02]]))[0]
    # The axis is a direction: its length of 2 does not double the way.
    np.testing.assert_allclose(found[0], [0, 0, 0.7], atol=1e-12)
    np.testing.assert_allclose(found[1], [0, 0.12, 0.7], atol=1e-12)
    np.testing.assert_allclose(found[2], [0, -0.12, 0.7], atol=1e-12)
    angle = 10 * (-1 * 0.02) + 0.25
    edge = [0.2, 0.5 * np.cos(angle), 0.7 + 0.5 * np.sin(angle)]
    np.testing.assert_allclose(found[4], edge, atol=1e-12)


def test_planar_and_floating_joints_move_but_are_not_sampled():
    text = robot(
        joint("drive", "planar", "world", "cart", limit=""),
        joint("fly", "floating", "cart", "drone", "0 0 1", limit=""),
        joint("arm", "fixed", "drone", "rotor", "1 0 0"),
        links="world cart drone rotor",
    )
    made = load_robot(text, ["cart", "drone", "rotor"])
    assert made.joints[:3] == ("drive.x", "drive.y", "drive.angle")
    assert made.joints[3:] == ("fly.x", "fly.y", "fly.z", "fly.rx", "fly.ry", "fly.rz")
    q = np.array([[2.0, 3.0, np.pi / 2, 0.5, 0.0, 0.25, 0.0, -np.pi / 2, 0.0]])
    expected = [[2, 3, 0], [2, 3.5, 1.25], [2, 3.5, 2.25]]
    np.testing.assert_allclose(made.forward(q)[0], expected, atol=1e-12)
    assert not made.sample(100, np.random.default_rng(0)).any()
    assert any("drive" in note and "planar" in note for note in made.notes)
    assert any("fly" in note and "floating" in note for note in made.notes)


def random_robot(seed: int, count: int = 14) -> str:
    """A tree of every kind of joint, its links declared in any order."""
    rng = np.random.default_rng(seed)
    joints = []
    for child in range(1, count):
        xyz, rpy, axis = (" ".join(f"{v:.6f}" for v in rng.normal(size=3)) for _ in range(3))
        kind = KINDS[child % len(KINDS)]
        parent = rng.integers(child)
        joints.append(joint(f"j{child}", kind, f"l{parent}", f"l{child}", xyz, axis, rpy=rpy))
    return robot(*rng.permutation(joints), links=" ".join(f"l{i}" for i in rng.permutation(count)))


def by_scipy(text: str, link: str, values: dict[str, np.ndarray]) -> np.ndarray:
    """Where a link is in one configuration, climbed from it to the root with scipy's rotations."""
    rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    elements = {e.find("child").get("link"): e for e in ET.fromstring(text).iter("joint")}
    point = np.zeros(3)
    while link in elements:
        element = elements[link]
        xyz, rpy, axis = (
            np.array(element.find(tag).get(key).split(), float)
            for tag, key in (("origin", "xyz"), ("origin", "rpy"), ("axis", "xyz"))
        )
        axis, value = axis / np.linalg.norm(axis), values[element.get("name")]
        match element.get("type"):
            case "revolute" | "continuous":
                point = rotation.from_rotvec(value * axis).apply(point)
            case "prismatic":
                point = point + value * axis
            case "floating":
                point = rotation.from_rotvec(value[3:]).apply(point) + value[:3]
            case "planar":
                # Only the turn: which directions span the plane no specification says.
                point = rotation.from_rotvec(value[2] * axis).apply(point)
        point = rotation.from_euler("xyz", rpy).apply(point) + xyz
        link = element.find("parent").get("link")
    return point


@pytest.mark.parity
@pytest.mark.parametrize("seed", range(5))
def test_any_tree_agrees_with_scipy(seed):
    text = random_robot(seed)
    links = [f"l{i}" for i in range(14)]
    made = load_robot(text, links)
    q = np.random.default_rng(seed).normal(size=(3, len(made.joints)))
    q[:, [name.endswith((".x", ".y")) and is_planar(text, name) for name in made.joints]] = 0
    found = made.forward(q)
    for row, points in zip(q, found, strict=True):
        values: dict[str, list[float]] = {}
        for name, value in zip(made.joints, row, strict=True):
            values.setdefault(name.split(".")[0], []).append(value)
        values |= {f"j{i}": [0.0] for i in range(1, 14) if f"j{i}" not in values}
        single = {name: np.array(v) for name, v in values.items()}
        expected = [by_scipy(text, link, single) for link in links]
        np.testing.assert_allclose(points, expected, atol=1e-12)


def is_planar(text: str, name: str) -> bool:
    kinds = {e.get("name"): e.get("type") for e in ET.fromstring(text).iter("joint")}
    return kinds[name.split(".")[0]] == "planar"


@pytest.mark.parametrize("normal", ["0 0 1", "1 0 0", "0.3 -0.9 0.2", "-0.95 0.1 0.1"])
def test_a_planar_joint_stays_in_its_plane(normal):
    text = robot(joint("drive", "planar", "a", "b", "1 2 3", normal), links="a b")
    q = np.array([[0.3, 0.4, 1.0]])
    moved = load_robot(text, ["a", "b"]).forward(q)[0, 1] - [1, 2, 3]
    assert np.linalg.norm(moved) == pytest.approx(0.5)
    assert moved @ np.array(normal.split(), float) == pytest.approx(0, abs=1e-12)


def test_samples_fill_the_limits_and_keep_them():
    arm = load_robot(ARM)
    np.testing.assert_allclose(arm.limits, [[-np.pi, np.pi], [-1.5, 1.5], [-2, 0.5]])
    q = arm.sample(4000, np.random.default_rng(0), near_rest=0)
    low, high = arm.limits.T
    assert (q >= low).all()
    assert (q <= high).all()
    # Uniform: the mean and the deviation of every joint.
    np.testing.assert_allclose(q.mean(0), (low + high) / 2, atol=0.1)
    np.testing.assert_allclose(q.std(0), (high - low) / np.sqrt(12), rtol=0.05)


def test_a_share_of_the_samples_is_nearer_to_rest():
    arm = load_robot(ARM)
    plain = np.abs(arm.sample(2000, np.random.default_rng(1), near_rest=0)).mean()
    half = np.abs(arm.sample(2000, np.random.default_rng(1))).mean()
    near = np.abs(arm.sample(2000, np.random.default_rng(1), near_rest=1)).mean()
    # Half of the poses are shrunk by one half on average.
    assert half == pytest.approx(0.75 * plain, rel=0.05)
    assert near == pytest.approx(0.5 * plain, rel=0.05)
    np.testing.assert_array_equal(
        arm.sample(5, np.random.default_rng(3)), arm.sample(5, np.random.default_rng(3))
    )


def test_rest_is_the_limit_next_to_zero():
    text = robot(
        joint("knee", "revolute", "a", "b", "1 0 0", limit="0.5 2.5"),
        joint("foot", "fixed", "b", "c", "1 0 0"),
        links="a b c",
    )
    q = load_robot(text).sample(3000, np.random.default_rng(0), near_rest=1)
    assert q.min() >= 0.5
    assert q.mean() == pytest.approx(0.5 + 0.5 * 1.0, rel=0.05)


def test_limits_that_the_file_leaves_out_are_settled_and_said():
    text = robot(
        joint("elbow", "revolute", "a", "b", "1 0 0", limit=""),
        joint("rail", "prismatic", "b", "c", "1 0 0", limit=""),
        joint("stiff", "revolute", "c", "d", "1 0 0", limit="0 0"),
        joint("endless", "revolute", "d", "e", "1 0 0", limit="-inf inf"),
        joint("wheel", "continuous", "e", "f", "1 0 0", limit="-0.1 0.1"),
        joint("large", "revolute", "f", "g", "1 0 0", limit="-1e16 1e16"),
        links="a b c d e f g",
    )
    made = load_robot(text, ["a", "b", "c"])
    pi = np.pi
    expected = [[-pi, pi], [0, 0], [0, 0], [-pi, pi], [-pi, pi], [-pi, pi]]
    np.testing.assert_allclose(made.limits, expected)
    notes = " | ".join(made.notes)
    for name, word in (("elbow", "-pi to pi"), ("rail", "without limits"), ("stiff", "may not")):
        assert any(name in note and word in note for note in made.notes), notes
    assert "wheel" not in notes


@pytest.mark.parametrize("q", [np.zeros((2, 2)), np.zeros(3), np.zeros((1, 4)), [[0, np.nan, 0]]])
def test_configurations_that_do_not_fit_are_refused(q):
    with pytest.raises(InputError, match="q has"):
        load_robot(ARM).forward(q)


@pytest.mark.parametrize(("n", "share"), [(-1, 0.5), (1, -0.1), (1, 1.5)])
def test_samples_that_make_no_sense_are_refused(n, share):
    with pytest.raises(InputError, match="cannot sample"):
        load_robot(ARM).sample(n, np.random.default_rng(0), share)


def test_no_configurations_are_no_poses():
    assert load_robot(ARM, ["base", "tip"]).forward(np.zeros((0, 3))).shape == (0, 2, 3)
