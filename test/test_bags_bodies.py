"""Frames of recordings in which each body has a topic, and what the options make of wishes."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import numpy as np
import pytest

from lfm_ros.bags.bodies import Bodies, body_named
from lfm_ros.cli.bag_options import wishes
from lfm_ros.cli.lift import add_parser
from lfm_ros.ros.adapters import UNKNOWN, Keypoints2D
from lfm_ros.ros.parameters import LifterParameters

ONE, TWO = "/humans/bodies/1/skeleton2d", "/humans/bodies/2/skeleton2d"
PERIOD_NS, BEGIN_NS = 33_000_000, 1_700_000_000_000_000_000


def part(topic: str, frame: int, late_ns: int = 5_000_000) -> tuple[str, int, Keypoints2D]:
    """A body's message of a frame, recorded so much later."""
    moment = BEGIN_NS + frame * PERIOD_NS
    sec, nanosec = divmod(moment, 1_000_000_000)
    detections = Keypoints2D(
        keypoints=np.zeros((1, 3, 2), np.float32),
        confidence=np.ones((1, 3), np.float32),
        instance_id=np.array([UNKNOWN], np.int32),
        skeleton=np.zeros(1, np.int32),
        stamp=SimpleNamespace(sec=sec, nanosec=nanosec),
        frame_id="camera",
    )
    return topic, moment + late_ns, detections


def gathered(parts: list[tuple[str, int, Keypoints2D]]) -> tuple[list[tuple[int, list[int]]], int]:
    """Frame numbers with their ids, and how many parts were late."""
    bodies = Bodies([ONE, TWO])
    frames = [
        (
            (f.stamp.sec * 1_000_000_000 + f.stamp.nanosec - BEGIN_NS) // PERIOD_NS,
            f.instance_id.tolist(),
        )
        for _, f in bodies.frames(sorted(parts, key=lambda one: one[1]))
    ]
    return frames, bodies.late


def test_bodies_in_step_share_their_frames():
    parts = [part(topic, frame, 1_000_000) for frame in range(3) for topic in (ONE, TWO)]
    assert gathered(parts) == ([(n, [1, 2]) for n in range(3)], 0)


def test_time_never_runs_back_where_one_body_lags_behind():
    lag = PERIOD_NS + 10_000_000
    parts = [part(ONE, n) for n in range(4)] + [part(TWO, n, lag) for n in range(4)]
    frames, late = gathered(parts)
    numbers = [number for number, _ in frames]
    assert numbers == sorted(set(numbers)) == [0, 1, 2, 3]
    assert late == 8 - sum(len(ids) for _, ids in frames)


def test_who_stays_away_holds_nobody_up():
    frames, late = gathered([part(TWO, 0), *(part(ONE, n) for n in range(6))])
    assert frames == [(0, [2, 1]), *((n, [1]) for n in range(1, 6))]
    assert late == 0


def test_a_frame_is_complete_when_its_last_part_was_recorded():
    bodies = Bodies([ONE, TWO])
    parts = [part(ONE, 0, 1_000_000), part(TWO, 0, 9_000_000), part(ONE, 1)]
    assert [moment for moment, _ in bodies.frames(parts)] == [parts[1][1], parts[2][1]]


@pytest.mark.parametrize(
    ("topic", "pattern", "name"),
    [
        (ONE, None, "1"),
        (ONE, ONE, "1"),
        (ONE, "/humans/bodies/*/skeleton2d", "1"),
        ("/people/f3a7", "/people/*", "f3a7"),
        ("/robot.a/p7/points", "/robot.a/p*/points", "7"),
    ],
)
def test_the_name_of_a_body(topic, pattern, name):
    assert body_named(topic, pattern) == name


def test_entries_are_taken_as_they_were_written():
    """A class may hold a colon: the last one parts the sides, as in the node's parameters."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    said = ["lift", "in.mcap", "--output", "out.npz"]
    said += ["--class-skeleton", "tag36h11:5:box8", "--keypoint-map", "a:left_hand:left_wrist"]
    wished = wishes(parser.parse_args(said))
    assert wished.class_skeletons == ("tag36h11:5:box8",)
    assert wished.keypoint_map == ("a:left_hand:left_wrist",)


def test_what_no_option_says_is_as_a_node_has_it_that_was_told_nothing():
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    said = vars(wishes(parser.parse_args(["lift", "in.mcap", "--output", "out.npz"])))
    node = vars(LifterParameters())
    shared = node.keys() & said.keys() - {"input_type"}
    assert len(shared) > 10
    nothing = {(): ("",)}  # ROS has no empty lists
    assert {name: nothing.get(said[name], said[name]) for name in shared} == {
        name: node[name] for name in shared
    }
