"""The lifter in a process of its own on a real ROS graph, through its topics and services."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.parameter import Parameter
from ros_graph import CAMERA, FRAME_ID, NodeProcess, Probe, detections, probing, stamps, started
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from visualization_msgs.msg import Marker

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros import qos
from lfm_ros.ros.clouds import decode_points
from lfm_ros.ros.parameter_spec import rules
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.skeletons import load_skeleton

RIGS = "skeletons:=[coco17,scene_hand]"
HAND = len(load_skeleton("scene_hand"))
TICK = "diagnostics_period:=0.1"
QUEUE = "queue_depth:=200"


@pytest.fixture(scope="module")
def lifter() -> Iterator[NodeProcess]:
    arguments = ["-p", RIGS, "-p", TICK, "-p", QUEUE, "-p", "max_tracks:=2"]
    # Most tests are about single frames.
    arguments += ["-p", "prediction_time:=0.0"]
    with started("node", *arguments) as process:
        yield process


@pytest.fixture(scope="module")
def graph(lifter: NodeProcess) -> Iterator[Probe]:
    with probing() as probe:
        probe.await_lifter()
        yield probe


@pytest.fixture
def probe(graph: Probe) -> Probe:
    assert graph.call(Trigger, "lifter/reset", Trigger.Request()).success
    graph.forget()
    return graph


@pytest.fixture(scope="module")
def clock() -> Iterator:
    return stamps()


def test_every_frame_comes_back_with_its_stamp(probe, clock):
    sent = [detections(next(clock)) for _ in range(60)]
    for message in sent:
        probe.send_camera(message.header.stamp)
        probe.send(message)
    probe.until(lambda: len(probe.clouds) >= 60, "60 clouds")
    probe.markers_of(sent[-1])
    wanted = [message.header for message in sent]
    assert [cloud.header for cloud in probe.clouds] == wanted
    drawn = [m.markers[0] for m in probe.markers if m.markers[0].action == Marker.ADD]
    assert [marker.header for marker in drawn] == wanted
    assert probe.values()["dropped"] == "0"


def test_markers_are_one_sphere_list_and_one_line_list_in_front_of_the_camera(probe, clock):
    message = detections(next(clock), [17, 17, HAND], [0, 0, 1], ids=[3, 4, 5])
    spheres, lines = probe.lift(message).markers
    assert (spheres.type, lines.type) == (Marker.SPHERE_LIST, Marker.LINE_LIST)
    assert {spheres.action, lines.action} == {Marker.ADD}
    assert (spheres.ns, lines.ns) == ("keypoints", "edges")
    assert len(spheres.points) == len(spheres.colors) == 17 + 17 + HAND
    assert len(lines.points) == len(lines.colors)
    assert all(point.z > 0 for point in spheres.points)
    colors = [(c.r, c.g, c.b) for c in spheres.colors]
    assert len({colors[0], colors[17], colors[34]}) == 3
    assert len(set(colors[:17])) == 1
    ends = {(point.x, point.y, point.z) for point in lines.points}
    assert ends <= {(point.x, point.y, point.z) for point in spheres.points}


def test_mixed_rigs_in_one_frame(probe, clock):
    message = detections(next(clock), [HAND, 17], [1, 0], ids=[70, -8])
    probe.lift(message)
    cloud = probe.cloud_of(message)
    points = decode_points(cloud)
    assert (cloud.height, cloud.width, cloud.is_dense) == (2, HAND, False)
    assert points.instance_id.tolist() == [70, -8]
    assert points.skeleton.tolist() == [1, 0]
    assert np.isfinite(points.xyz[0]).all()
    assert np.isfinite(points.xyz[1, :17]).all()
    assert np.isnan(points.xyz[1, 17:]).all()
    assert points.observed[0].all()


def test_hidden_keypoints_are_filled_in_and_fainter(probe, clock):
    message = detections(next(clock))
    cells = np.frombuffer(message.data, np.float32).reshape(17, 5).copy()
    cells[5:8, 2] = 0
    message.data = cells.tobytes()
    spheres, _ = probe.lift(message).markers
    assert [color.a < 0.5 for color in spheres.colors] == [5 <= i < 8 for i in range(17)]
    assert decode_points(probe.cloud_of(message)).observed[0].tolist() == [
        not 5 <= i < 8 for i in range(17)
    ]


def test_an_empty_frame_clears_the_markers(probe, clock):
    probe.lift(detections(next(clock)))
    message = detections(next(clock), [], [])
    cleared = probe.lift(message)
    assert [marker.action for marker in cleared.markers] == [Marker.DELETE, Marker.DELETE]
    assert [marker.ns for marker in cleared.markers] == ["keypoints", "edges"]
    assert probe.cloud_of(message).height == 0


def test_each_frame_gets_the_camera_of_its_own_stamp(probe, clock):
    """Cameras that take turns, and the messages of each pair in the wrong order."""
    assert set_parameter(probe, "smoothing", "none")[0]
    wide = Intrinsics([[450, 0, 640], [0, 450, 360], [0, 0, 1]], (1280, 720))
    sent = [detections(next(clock)) for _ in range(10)]
    cameras = [CAMERA, wide] * 5
    for message, camera in zip(sent, cameras, strict=True):
        probe.send(message)
        probe.send_camera(message.header.stamp, camera)
        probe.markers_of(message)
    # Nothing is waited for until the second camera has shown that cameras change here.
    for message, camera in zip(sent[2:], cameras[2:], strict=True):
        xyz = decode_points(probe.cloud_of(message)).xyz[0].astype(float)
        cells = np.frombuffer(message.data, np.float32).reshape(17, 5)
        error = np.linalg.norm(camera.project(xyz) - cells[:, :2], axis=-1)
        other = cameras[0] if camera is wide else wide
        wrong = np.linalg.norm(other.project(xyz) - cells[:, :2], axis=-1)
        assert np.median(error) < 0.5 * np.median(wrong)
    assert set_parameter(probe, "smoothing", "one_euro")[0]


def test_skeletons_are_latched(probe):
    late: list[String] = []
    probe.collect(String, "skeletons", late, qos.latched())
    described = json.loads(probe.until(lambda: late, "the latched skeletons")[0].data)
    assert [rig["name"] for rig in described] == ["coco17", "scene_hand"]
    assert len(described[0]["keypoints"]) == 17
    assert described[0]["edges"]
    assert described[0]["pairs"]


def test_tf_frames_are_lent_in_turn(probe, clock):
    tf2_msgs = pytest.importorskip("tf2_msgs.msg", reason="needs tf2_msgs")
    probe.collect(tf2_msgs.TFMessage, "/tf", probe.transforms)
    probe.until(lambda: probe.node.count_publishers("/tf"), "a publisher of /tf")

    def frames_of(*ids: int) -> dict[str, tuple]:
        message = detections(next(clock), [17] * len(ids), [0] * len(ids), ids)
        probe.forget()
        probe.lift(message)
        got = probe.until(lambda: probe.transforms, "/tf")[-1].transforms
        assert {(t.header.frame_id, t.header.stamp.nanosec) for t in got} == {
            (FRAME_ID, message.header.stamp.nanosec)
        }
        quats = [t.transform.rotation for t in got]
        np.testing.assert_allclose([q.x**2 + q.y**2 + q.z**2 + q.w**2 for q in quats], 1, atol=1e-6)
        return {t.child_frame_id: (t.transform.translation.z,) for t in got}

    # The first frame may have been sent before the lifter knew of this subscription.
    probe.until(lambda: probe.lift(detections(next(clock))) and probe.transforms, "/tf")
    probe.call(Trigger, "lifter/reset", Trigger.Request())
    assert list(frames_of(10)) == ["lfm_0"]
    assert list(frames_of(10, 11)) == ["lfm_0", "lfm_1"]
    assert list(frames_of(12, 11)) == ["lfm_0", "lfm_1"]
    assert list(frames_of(11)) == ["lfm_1"]
    assert list(frames_of(1, 2, 3)) == ["lfm_0", "lfm_1"]
    assert all(z > 0 for (z,) in frames_of(1).values())


def test_parameters_are_described_as_in_the_spec(probe):
    known = rules(LifterParameters)
    request = DescribeParameters.Request(names=list(known))
    answer = probe.call(DescribeParameters, "lifter/describe_parameters", request)
    assert [found.name for found in answer.descriptors] == list(known)
    for found, rule in zip(answer.descriptors, known.values(), strict=True):
        assert found.description.startswith(rule.description)
        ranges = [*found.integer_range, *found.floating_point_range]
        if rule.low is not None and rule.length is None:
            assert ranges[0].from_value == rule.low


def set_parameter(probe: Probe, name: str, value: object) -> tuple[bool, str]:
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    result = probe.call(SetParameters, "lifter/set_parameters", request).results[0]
    return result.successful, result.reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("min_confidence", 1.5, "out of range"),
        ("min_confidence", "high", "Wrong parameter type"),
        ("gravity", "sideways", "gravity is 'sideways'; choose one of camera_upright, none"),
        ("assumed_image_size", [640], "assumed_image_size has 1 values; give 2"),
        ("assumed_image_size", [640, 0], "give 1 to 100000"),
        ("skeletons", ["hand21"], "skeletons is read on configure; deactivate and clean up"),
        ("autostart", False, "read-only"),
    ],
)
def test_parameters_are_refused_with_a_reason(probe, name, value, reason):
    accepted, why = set_parameter(probe, name, value)
    assert not accepted
    assert reason in why


def test_live_parameters_take_effect_at_once(probe, clock):
    assert set_parameter(probe, "marker_point_size", 0.125) == (True, "")
    assert set_parameter(probe, "frame_id", "elsewhere") == (True, "")
    spheres, _ = probe.lift(detections(next(clock))).markers
    assert spheres.scale.x == 0.125
    assert spheres.header.frame_id == "elsewhere"
    assert set_parameter(probe, "frame_id", "") == (True, "")


def test_the_pitch_of_the_camera_can_be_told_at_any_time(probe, clock):
    """What is lifted is another shape, and after the change back the first one again."""
    assert set_parameter(probe, "tracking", False) == (True, "")
    shapes = []
    for pitch in (0.0, 40.0, 0.0):
        assert set_parameter(probe, "camera_pitch_deg", pitch) == (True, "")
        message = detections(next(clock))
        message.data = shapes[0][0] if shapes else message.data
        probe.lift(message)
        shapes.append((message.data, decode_points(probe.cloud_of(message)).xyz))
    (_, level), (_, pitched), (_, again) = shapes
    assert np.abs(pitched - level).max() > 1e-3
    np.testing.assert_array_equal(again, level)
    assert set_parameter(probe, "tracking", True) == (True, "")


def test_disabled_drops_frames_and_clears_markers(probe, clock):
    probe.lift(detections(next(clock)))
    answer = probe.call(SetBool, "lifter/enable", SetBool.Request(data=False))
    assert answer.success
    assert "dropped" in answer.message
    probe.until(lambda: probe.markers[-1].markers[0].action == Marker.DELETE, "cleared markers")
    probe.send(detections(next(clock)))
    probe.until(lambda: probe.values().get("dropped_disabled") == "1", "a counted drop")
    answer = probe.call(SetBool, "lifter/enable", SetBool.Request(data=True))
    assert "lifted" in answer.message
    assert probe.lift(detections(next(clock))).markers[0].action == Marker.ADD


def test_diagnostics_say_what_runs_and_how_fast(probe, clock):
    for _ in range(5):
        probe.lift(detections(next(clock)))
    values = probe.values()
    assert values["level"] == "0"
    assert (values["state"], values["camera"]) == ("active", "camera_info")
    assert (values["frames_in"], values["frames_out"], values["dropped"]) == ("5", "5", "0")
    assert values["scale_source"] == "nominal"
    assert values["model"]
    assert values["engine"]
    assert values["engine_reason"]
    for key in ("rate_in_hz", "rate_out_hz", "latency_ms_p50", "latency_ms_p95", "network_ms_p50"):
        assert float(values[key]) > 0


def test_lifecycle_by_services_then_ctrl_c():
    arguments = ["-p", "autostart:=false", "-p", TICK]
    with started("node", *arguments, namespace="alone") as process, probing("alone") as probe:
        assert probe.state() == "unconfigured"
        for label, then in [
            ("configure", "inactive"),
            ("activate", "active"),
            ("deactivate", "inactive"),
            ("cleanup", "unconfigured"),
            ("configure", "inactive"),
            ("activate", "active"),
        ]:
            assert probe.transition(label), f"{label}: {process.output}"
            assert probe.state() == then
        probe.await_lifter()
        assert probe.lift(detections(next(stamps()))).markers[0].action == Marker.ADD
        assert probe.transition("deactivate")
        probe.until(lambda: probe.markers[-1].markers[0].action == Marker.DELETE, "clearing")
        assert probe.transition("activate")
        probe.await_lifter()
        assert probe.lift(detections(next(stamps(200.0)))).markers[0].action == Marker.ADD
        status, seconds = process.interrupt()
        probe.until(lambda: probe.markers[-1].markers[0].action == Marker.DELETE, "clearing")
        assert status == 0, process.output
        assert seconds < 2
        assert "Traceback" not in process.output


def test_what_cannot_be_configured_is_a_failure_that_can_be_mended():
    arguments = ["-p", "autostart:=false", "-p", TICK, "-p", "model:=/nowhere"]
    with started("node", *arguments, namespace="alone") as process, probing("alone") as probe:
        assert not probe.transition("configure")
        assert probe.state() == "unconfigured"
        values = probe.values()
        assert values["level"] == "2"
        assert "/nowhere" in values["message"]
        said = [line for line in process.output.splitlines() if "configure failed" in line]
        assert len(said) == 1
        assert "/nowhere" in said[0]
        assert set_parameter(probe, "model", "") == (True, "")
        assert probe.transition("configure"), process.output


def test_values_of_parameters_that_there_are_not_are_said_once():
    """Those that ROS itself understands are not among them."""
    given = ("use_dept:=true", "skeleton:=[hand21]", "entirely.other:=3", "use_sim_time:=false")
    qos = "qos_overrides./typos/keypoints.subscription.depth:=3"
    arguments = [word for one in (*given, qos, "autostart:=false", TICK) for word in ("-p", one)]
    with started("node", *arguments, namespace="typos") as process, probing("typos") as probe:
        assert probe.transition("configure")
        said = [line for line in process.output.splitlines() if "is no parameter" in line]
    assert len(said) == 3
    assert said[0].endswith("entirely.other is no parameter of lifter, so its value is not used")
    assert said[1].endswith("did you mean skeletons?")
    assert said[2].endswith("did you mean use_depth?")


@pytest.mark.parametrize(
    ("argument", "says"),
    [("min_confidence:=7.0", "min_confidence"), ("gravity:=down", "choose one of camera_upright")],
)
def test_a_bad_value_on_the_command_line_ends_the_process_with_a_sentence(argument, says):
    with started("node", "-p", argument) as process:
        assert process.wait() == 1
        assert says in process.output
        assert "Traceback" not in process.output
