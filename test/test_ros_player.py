"""Player and lifter, each in its own process, with the parameters of the demo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from ros_graph import probing, started
from sensor_msgs.msg import PointCloud2

from lfm_ros.resources import config_dir
from lfm_ros.ros.clouds import decode_points
from lfm_ros.scene import sample_rig
from lfm_ros.skeletons import load_skeleton

TICK = "diagnostics_period:=0.1"


def test_a_recording_is_played_to_its_end_with_the_camera_of_each_row(tmp_path: Path):
    """As many frames come back as it has rows, each lifted through its own row's camera."""
    path = tmp_path / "recorded.npz"
    rig, rows = load_skeleton("scene_person"), 40
    rng = np.random.default_rng(0)
    xyz, _ = sample_rig("scene_person", rows, rng)
    xyz = xyz @ [[1, 0, 0], [0, 0, 1], [0, -1, 0]] + [0, 0, 4.0]  # z up to the optical frame
    camera = np.tile(np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]), (rows, 1, 1))
    camera[1::2, :2] *= 0.5
    uv = np.einsum("nij,nkj->nki", camera, xyz)
    uv = uv[..., :2] / uv[..., 2:]
    uv[7] = np.nan
    names, edges = np.array(rig.names), np.array(rig.edges)
    np.savez(path, xyz=xyz, uv=uv, K=camera, names=names, edges=edges, up="-y", unit="m")
    # Each row is another person in another place: nobody to be followed.
    arguments = ["-p", "skeletons:=[scene_person]", "-p", "queue_depth:=100", "-p", TICK]
    arguments += ["-p", "tracking:=false"]
    played = ["-p", f"data:={path}", "-p", "rate:=60.0"]
    with (
        started("node", *arguments, namespace="tape") as lifter,
        probing("tape") as probe,
    ):
        probe.await_lifter()
        with started("player", *played, namespace="tape") as player:
            assert player.wait() == 0, player.output
            assert "is over: 40 frames played" in player.output
        probe.until(lambda: len(probe.clouds) == rows, "all frames", timeout=5)
        assert lifter.interrupt()[0] == 0, lifter.output
    for row, cloud in enumerate(probe.clouds):
        assert cloud.height == (0 if row == 7 else 1)
        if cloud.height:
            placed = decode_points(cloud).xyz[0] @ camera[row].T
            error = np.linalg.norm(placed[:, :2] / placed[:, 2:] - uv[row], axis=-1)
            spread = np.linalg.norm(uv[row] - uv[row].mean(0), axis=-1).mean()
            # A camera of half the focal length would put it about a spread away.
            assert np.median(error) < 0.3 * spread


def test_a_recording_that_is_not_there_ends_the_player_with_a_sentence():
    with started("player", "-p", "data:=/nowhere.npz") as player:
        assert player.wait() == 1
        assert "/nowhere.npz" in player.output
        assert "Traceback" not in player.output


def test_the_player_is_lifted():
    arguments = ["--params-file", str(config_dir() / "demo.yaml")]
    with (
        started("player", *arguments, "-p", "rate:=50.0", namespace="demo") as player,
        started("node", *arguments, "-p", TICK, namespace="demo") as lifter,
        probing("demo") as probe,
    ):
        truth: list[PointCloud2] = []
        probe.collect(PointCloud2, "ground_truth", truth)
        probe.until(lambda: len(probe.clouds) >= 50 and len(truth) >= 50, "50 lifted frames")
        values = probe.values()
        assert player.interrupt()[0] == 0, player.output
        assert lifter.interrupt()[0] == 0, lifter.output
    known = {cloud.header.stamp.nanosec: cloud for cloud in truth}
    pairs = [(cloud, known.get(cloud.header.stamp.nanosec)) for cloud in probe.clouds]
    pairs = [(cloud, true) for cloud, true in pairs if true is not None]
    assert len(pairs) >= 45
    for cloud, true in pairs:
        lifted, there = decode_points(cloud), decode_points(true)
        assert lifted.instance_id.tolist() == there.instance_id.tolist()
        assert lifted.skeleton.tolist() == there.skeleton.tolist()
    assert values["camera"] == "camera_info"
    assert values["level"] == "0"
