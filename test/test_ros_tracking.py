"""The node's tracker on a real graph: ids, smoothing, prediction, resets and simulated time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_graph import NodeProcess, Probe, detections, probing, stamps, started
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker

from lfm_ros.ros.clouds import Points, decode_points

TICK = "diagnostics_period:=0.1"


@pytest.fixture(scope="module")
def lifter() -> Iterator[NodeProcess]:
    arguments = ["-p", TICK, "-p", "queue_depth:=100", "-p", "tracking:=true"]
    with started("node", *arguments, namespace="tracked") as process:
        yield process


@pytest.fixture(scope="module")
def graph(lifter: NodeProcess) -> Iterator[Probe]:
    with probing("tracked") as probe:
        probe.await_lifter()
        yield probe


@pytest.fixture
def probe(graph: Probe) -> Probe:
    assert graph.call(Trigger, "lifter/reset", Trigger.Request()).success
    graph.forget()
    return graph


@pytest.fixture(scope="module")
def clock() -> Iterator[Time]:
    return stamps()


def lifted(probe: Probe, message: PointCloud2) -> Points:
    probe.lift(message)
    return decode_points(probe.cloud_of(message))


def unnamed(stamp: Time, count: int = 1) -> PointCloud2:
    """People who stand side by side, and whom the detector has no names for."""
    message = detections(Time(sec=1), [17] * count, [0] * count, ids=[-1] * count)
    message.header.stamp = stamp
    cells = np.frombuffer(message.data, np.float32).reshape(count, 17, 5).copy()
    cells[..., 0] = 640 + (cells[..., 0] - 640) / 3 + 250 * np.arange(count)[:, None]
    message.data = cells.tobytes()
    return message


def noisy(message: PointCloud2, seed: int) -> PointCloud2:
    cells = np.frombuffer(message.data, np.float32).reshape(-1, 5).copy()
    cells[:, :2] += np.random.default_rng(seed).normal(0, 3, (len(cells), 2))
    message.data = cells.tobytes()
    return message


def test_who_is_not_named_gets_an_id_and_keeps_it(probe, clock):
    first = lifted(probe, unnamed(next(clock), 2)).instance_id.tolist()
    assert len(set(first)) == 2
    assert min(first) >= 0
    for _ in range(5):
        assert lifted(probe, unnamed(next(clock), 2)).instance_id.tolist() == first


def test_smoothing_takes_jitter_away_and_can_be_switched_off(probe, clock):
    def jitter(smoothing: str) -> float:
        parameter = Parameter("smoothing", value=smoothing).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        answer = probe.call(SetParameters, "lifter/set_parameters", request)
        assert answer.results[0].successful
        sent = [noisy(unnamed(next(clock)), seed) for seed in range(40)]
        xyz = np.array([lifted(probe, message).xyz[0] for message in sent])
        return float(np.diff(xyz[10:], 2, axis=0).std())

    raw, smooth = jitter("none"), jitter("one_euro")
    assert smooth < 0.6 * raw


def test_who_is_not_seen_is_predicted_and_then_gone(probe, clock):
    for _ in range(10):
        seen = lifted(probe, unnamed(next(clock)))
    empty = detections(next(clock), (), ())
    markers = probe.lift(empty).markers
    predicted = decode_points(probe.cloud_of(empty))
    assert predicted.instance_id.tolist() == seen.instance_id.tolist()
    assert not predicted.observed.any()
    assert not predicted.confidence.any()
    assert (predicted.sigma > seen.sigma).all()
    np.testing.assert_allclose(predicted.xyz, seen.xyz, atol=0.3)
    assert markers[0].action == Marker.ADD
    assert len({color.a for color in markers[0].colors}) == 1
    assert markers[0].colors[0].a < 0.5
    assert probe.values()["noted_instances_predicted"] == "1"
    # Ten frames were seen, so ten are predicted at most.
    for _ in range(12):
        last = probe.lift(detections(next(clock), (), ())).markers
    assert last[0].action == Marker.DELETE


def test_who_leaves_and_a_keypoint_that_is_hidden_do_not_stop_the_other(clock):
    """Frames become narrower with the wider rig's last instance, and here not all is seen."""
    arguments = ["-p", TICK, "-p", "model:=lfm_tiny", "-p", "skeletons:=['coco17', 'hand21']"]
    arguments += ["-p", "queue_depth:=100"]
    with started("node", *arguments, namespace="rigs"), probing("rigs") as probe:
        probe.await_lifter()
        for _ in range(3):
            both = detections(next(clock), [17, 21], [0, 1])
            assert lifted(probe, both).instance_id.tolist() == [0, 1]
        for _ in range(3):
            one = detections(next(clock), [17], [0])
            cells = np.frombuffer(one.data, np.float32).reshape(17, 5).copy()
            cells[3, 2] = 0.0
            one.data = cells.tobytes()
            points = lifted(probe, one)
            assert points.instance_id[0] == 0
            assert points.observed[0, :17].tolist() == [index != 3 for index in range(17)]
        assert int(probe.values()["dropped"]) == 0


def test_a_reset_forgets_identities_but_not_a_camera_that_comes_once(probe, clock):
    before = lifted(probe, unnamed(next(clock))).instance_id.tolist()
    assert probe.call(Trigger, "lifter/reset", Trigger.Request()).success
    message = unnamed(next(clock))
    probe.send(message)
    after = decode_points(probe.cloud_of(message)).instance_id.tolist()
    assert after != before
    assert probe.values()["camera"] == "camera_info"


def test_a_recording_that_starts_anew_has_other_people(probe):
    def play() -> set[int]:
        probe.forget()
        again = stamps(50.0)
        found = [lifted(probe, unnamed(next(again))).instance_id.tolist() for _ in range(8)]
        return {i for ids in found for i in ids}

    first, second = play(), play()
    assert len(first) == len(second) == 1
    assert first != second
    assert probe.values()["noted_stamps_back"] == "1"


def test_stamps_of_a_node_that_starts_at_zero(probe):
    for nanosec in (0, 1, 2):
        assert lifted(probe, unnamed(Time(sec=0, nanosec=nanosec))).instance_id.shape == (1,)
    assert "noted_stamps_back" not in probe.values()


def test_simulated_time_that_jumps_back_resets(clock):
    arguments = ["-p", TICK, "-p", "use_sim_time:=true"]
    with started("node", *arguments, namespace="sim"), probing("sim") as probe:
        topic = probe.node.create_publisher(Clock, "/clock", 10)
        probe.until(topic.get_subscription_count, "a subscription of /clock")
        probe.await_lifter()

        def tell(sec: int) -> None:
            topic.publish(Clock(clock=Time(sec=sec)))

        for sec in range(200, 210):
            tell(sec)
        before = lifted(probe, unnamed(next(clock))).instance_id.tolist()
        probe.forget()

        def cleared() -> bool:
            # Stamps go on, so that nothing but the clock can be the reason.
            tell(5)
            return any(m.markers[0].action == Marker.DELETE for m in probe.markers)

        probe.until(cleared, "the markers to be deleted")
        assert lifted(probe, unnamed(next(clock))).instance_id.tolist() != before
