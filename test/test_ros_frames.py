"""Gravity, ground and target frames: with tf2_ros as a robot has it, and without."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from ros_graph import CAMERA, FRAME_ID, RELIABLE, Probe, detections, probing, stamps, started
from std_msgs.msg import Header
from transforms3d.euler import euler2mat
from transforms3d.quaternions import mat2quat

from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.core.errors import FrameError
from lfm_ros.core.placement import GROUND, NOMINAL
from lfm_ros.core.rigid import Rigid
from lfm_ros.lifter import Lifter
from lfm_ros.ros import qos
from lfm_ros.ros.clouds import decode_keypoints, decode_points
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.live_transforms import LiveTransforms
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.scout import Scout
from lfm_ros.ros.statistics import Statistics

HAS_TF2 = importlib.util.find_spec("tf2_ros") is not None
with_tf2 = pytest.mark.skipif(
    not HAS_TF2, reason="tf2_ros is not installed: it is in every ROS 2, but not on PyPI"
)
# The camera is 1.4 m above the floor, looks along the robot's x axis and down by 0.2 rad.
OPTICAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
TO_BASE = Rigid(euler2mat(0, 0.2, 0) @ OPTICAL, np.array([0.3, 0.0, 1.4]))


class Said:
    """A logger that keeps its warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str) -> None:
        self.lines.append(text)


class Known:
    """Frames of which it is known how they lie, whenever one asks; the tree is tf2's business."""

    def __init__(self, **frames: Rigid) -> None:
        self.to_base = frames

    def between(self, target: str, source: str, stamp: Time, patience: float) -> Rigid:
        for name in (target, source):
            if name not in self.to_base:
                raise FrameError(f"{name} does not exist")
        into, of = self.to_base[target], self.to_base[source]
        return Rigid(into.rotation.T @ of.rotation, into.rotation.T @ (of.shift - into.shift))


KNOWN = Known(camera=TO_BASE, base=Rigid(np.eye(3), np.zeros(3)))


def scouted(frames: Known | None = KNOWN, camera_frame: str = "camera", **parameters: object):
    said, statistics = Said(), Statistics()
    scout = Scout(frames, statistics, Complaints(said))
    around = scout.at(Time(sec=7), camera_frame, LifterParameters(**parameters))
    return around, said.lines, statistics.values()


def test_without_frames_gravity_is_as_the_parameter_says():
    around, said, _ = scouted(None)
    assert (around.frame_id, around.up, around.ground) == ("camera", LEVEL_UP, None)
    assert scouted(None, gravity="none")[0].up is None
    assert not said


def test_an_upright_camera_may_look_down():
    pitched = scouted(None, camera_pitch_deg=30.0)[0].up
    np.testing.assert_allclose(pitched, [0, -np.sqrt(0.75), -0.5], atol=1e-12)
    assert scouted(gravity_frame="moon", camera_pitch_deg=30.0)[0].up == pitched
    assert scouted(None, camera_pitch_deg=30.0, gravity="none")[0].up is None


def test_gravity_is_the_z_axis_of_its_frame():
    around, _, _ = scouted(gravity_frame="base", camera_pitch_deg=30.0)
    np.testing.assert_allclose(around.up, [0, -np.cos(0.2), -np.sin(0.2)], atol=1e-12)


def test_the_ground_is_the_plane_of_its_frame():
    around, _, _ = scouted(ground_frame="base")
    normal, distance = around.ground[:3], around.ground[3]
    assert distance == pytest.approx(1.4)
    on_the_ground = np.array([[2.0, 1, 0], [5, -3, 0]])
    seen = (on_the_ground - TO_BASE.shift) @ TO_BASE.rotation
    np.testing.assert_allclose(seen @ normal + distance, 0, atol=1e-12)


def test_without_a_frame_the_ground_is_as_far_below_as_the_parameter_says():
    around, said, _ = scouted(None, camera_height=1.4, camera_pitch_deg=30.0)
    np.testing.assert_allclose(around.ground, [*around.up, 1.4])
    assert not said
    assert scouted(ground_frame="base", camera_height=9.0)[0].ground[3] == pytest.approx(1.4)
    assert scouted(ground_frame="moon", camera_height=9.0)[0].ground[3] == 9.0
    tilted, _, _ = scouted(gravity_frame="base", camera_height=1.4)
    np.testing.assert_allclose(tilted.ground, scouted(ground_frame="base")[0].ground, atol=1e-12)


def test_a_height_without_gravity_tells_nothing_and_that_is_said():
    around, said, values = scouted(None, camera_height=1.4, gravity="none")
    assert around.ground is None
    assert "set gravity" in said[0]
    assert values["noted_without_ground"] == "1"


def test_what_tf2_does_not_know_is_done_without_and_said():
    around, said, values = scouted(gravity_frame="moon", ground_frame="moon")
    assert (around.up, around.ground) == (LEVEL_UP, None)
    assert "'moon'" in said[0]
    assert values["noted_without_transform"] == "2"
    assert scouted(gravity_frame="base", camera_frame="")[0].up == LEVEL_UP


def test_results_that_cannot_be_brought_to_their_frame_are_refused():
    around, _, _ = scouted(target_frame="base")
    assert around.frame_id == "base"
    np.testing.assert_array_equal(around.to_target.rotation, TO_BASE.rotation)
    assert scouted(target_frame="camera")[0].to_target is None
    with pytest.raises(FrameError, match="moon"):
        scouted(target_frame="moon")
    with pytest.raises(FrameError, match="no frame_id"):
        scouted(target_frame="base", camera_frame="")


@pytest.mark.skipif(HAS_TF2, reason="tf2_ros is installed")
def test_without_tf2_ros_the_parameters_that_need_it_are_refused_with_the_remedy():
    with started("node", "-p", "gravity_frame:=base", "-p", "diagnostics_period:=0.1") as process:
        with probing() as probe:
            message = probe.values()["message"]
        assert "gravity_frame needs tf2_ros" in message
        assert "apt install ros-" in message
        assert "-tf2-ros-py" in message
        assert process.running


@contextmanager
def running(namespace: str, *parameters: str) -> Iterator[Probe]:
    """A lifter, and a probe that can say on /tf_static where the camera is."""
    from tf2_msgs.msg import TFMessage

    arguments = [word for text in parameters for word in ("-p", text)]
    arguments += ["-p", "diagnostics_period:=0.1", "-p", "tf_timeout:=0.05"]
    arguments += ["-p", "tracking:=false"]  # each frame shows somebody else
    with started("node", *arguments, namespace=namespace), probing(namespace) as probe:
        static = probe.node.create_publisher(TFMessage, "/tf_static", qos.latched())
        moving = probe.node.create_publisher(TFMessage, "/tf", RELIABLE)

        def tell(stamp: Time | None = None, to_base: Rigid = TO_BASE) -> None:
            made = TransformStamped(child_frame_id=FRAME_ID)
            made.header.frame_id = "base"
            shift, turn = made.transform.translation, made.transform.rotation
            shift.x, shift.y, shift.z = to_base.shift.tolist()
            turn.w, turn.x, turn.y, turn.z = mat2quat(to_base.rotation).tolist()
            if stamp is None:
                static.publish(TFMessage(transforms=[made]))
                return
            made.header.stamp = stamp
            moving.publish(TFMessage(transforms=[made]))

        probe.tell = tell
        yield probe


def lifted_here(message, **cues) -> np.ndarray:
    """The same detections without the node."""
    read = decode_keypoints(message)
    with Lifter.from_pretrained() as lifter:
        return lifter.lift(read.uv, read.confidence, CAMERA, "coco17", **cues).points


@with_tf2
def test_gravity_ground_and_target_come_from_tf():
    parameters = ("gravity_frame:=base", "ground_frame:=base", "target_frame:=base")
    clock = stamps()
    with running("framed", *parameters) as probe:
        probe.tell()
        probe.await_lifter()
        message = detections(next(clock), (17, 17), (0, 0))
        probe.lift(message)
        cloud = probe.cloud_of(message)
        assert cloud.header == Header(stamp=message.header.stamp, frame_id="base")
        points = decode_points(cloud)
        up = TO_BASE.rotation.T[:, 2]
        expected = lifted_here(message, up=up, ground=[*up, 1.4])
        np.testing.assert_allclose(
            points.xyz, expected @ TO_BASE.rotation.T + TO_BASE.shift, atol=2e-3
        )
        assert set(points.scale_source.tolist()) <= {GROUND, NOMINAL}
        ankles = points.xyz[points.scale_source == GROUND][:, 15:, 2].min(-1)
        assert len(ankles)
        np.testing.assert_allclose(ankles, 0.07, atol=0.15)


@with_tf2
def test_the_transform_of_the_images_own_moment_is_used():
    turned = Rigid(euler2mat(0, 0, 1.0) @ TO_BASE.rotation, TO_BASE.shift + (2, 0, 0))
    with running("moving", "target_frame:=base") as probe:
        clock = stamps()
        first, second, third = (next(clock) for _ in range(3))
        probe.until(lambda: probe.node.count_subscribers("/tf"), "the lifter's subscription")
        probe.tell(first)
        probe.tell(third, turned)
        message = detections(third)
        expected = lifted_here(message, up=LEVEL_UP) @ turned.rotation.T + turned.shift

        def answered() -> bool:
            probe.send_camera(message.header.stamp)
            probe.send(message)
            return bool(probe.clouds)

        probe.until(answered, "an answer")
        np.testing.assert_allclose(decode_points(probe.cloud_of(message)).xyz, expected, atol=2e-3)
        # Half way between two transforms tf2 interpolates; later than the last it knows nothing.
        probe.lift(detections(second))
        late = detections(next(clock))
        probe.send(late)
        probe.until(lambda: "dropped_transform" in probe.values(), "the drop")
        assert "extrapolation" in probe.values()["last_error"]


@with_tf2
def test_frames_forget_when_time_starts_anew():
    import rclpy
    from tf2_msgs.msg import TFMessage

    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("listener", context=context)
    try:
        transforms = LiveTransforms(node, "target_frame")
        made = TransformStamped(child_frame_id=FRAME_ID)
        made.header.frame_id = "base"
        made.header.stamp = Time(sec=9)
        made.transform.rotation.w = 1.0
        transforms._listener.callback(TFMessage(transforms=[made]))
        transforms.between("base", FRAME_ID, Time(sec=9), 0.0)
        with pytest.raises(FrameError, match="base"):
            transforms.between("base", FRAME_ID, Time(sec=8), 0.01)
        for unset in (Time(), Time(sec=-9)):  # tf2 takes 0 for the latest
            transforms.between("base", FRAME_ID, unset, 0.0)
        transforms.clear()
        with pytest.raises(FrameError, match="base"):
            transforms.between("base", FRAME_ID, Time(sec=9), 0.01)
        transforms.close()
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
