"""What ``endpoints.py`` says of the lifter, and with it docs/topics.md, is what a node has."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

import rclpy
from ros_graph import NAMESPACE, PATIENCE, started

from lfm_ros.ros.clouds import KEYPOINT_DTYPE, POINT_DTYPE
from lfm_ros.ros.endpoints import FIELDS, INPUTS, OUTPUTS, SERVICES, Endpoint

# What rclpy gives every lifecycle node.
OF_ROS = {"/parameter_events", "/rosout", f"/{NAMESPACE}/lifter/transition_event"}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str]]:
    """Type by full name of what a configured, active node publishes, reads and serves."""
    context = rclpy.Context()
    rclpy.init(context=context)
    observer = rclpy.create_node("observer", context=context)
    asked = {
        "out": observer.get_publisher_names_and_types_by_node,
        "in": observer.get_subscriber_names_and_types_by_node,
        "services": observer.get_service_names_and_types_by_node,
    }
    try:
        with started("node", "-p", "model:=lfm_tiny"):
            end = time.monotonic() + PATIENCE
            seen: dict[str, dict[str, str]] = {}
            while f"/{NAMESPACE}/keypoints" not in seen.get("in", {}):
                assert time.monotonic() < end, f"the node never became active: {seen}"
                time.sleep(0.1)
                if ("lifter", f"/{NAMESPACE}") in observer.get_node_names_and_namespaces():
                    seen = {
                        kind: {n: types[0] for n, types in ask("lifter", f"/{NAMESPACE}")}
                        for kind, ask in asked.items()
                    }
            yield seen
    finally:
        observer.destroy_node()
        rclpy.shutdown(context=context)


def full(endpoint: Endpoint) -> str:
    name = endpoint.name.replace("~", "lifter")
    return name if name.startswith("/") else f"/{NAMESPACE}/{name}"


def test_it_publishes_what_is_described(found):
    told = {full(endpoint): endpoint.type for endpoint in OUTPUTS}
    published = {n: kind for n, kind in found["out"].items() if n not in OF_ROS}
    assert published.items() <= told.items()
    assert published.keys() >= {full(endpoint) for endpoint in OUTPUTS if endpoint.always}


def test_it_reads_what_is_described(found):
    told = {full(endpoint): endpoint.type for endpoint in INPUTS if endpoint.always}
    assert {n: kind for n, kind in found["in"].items() if n not in OF_ROS} == told


def test_it_serves_what_is_described(found):
    told = {full(endpoint): endpoint.type for endpoint in SERVICES}
    assert told.items() <= found["services"].items()
    kinds = set(found["services"].values()) - set(told.values())
    assert all(
        kind.split("/")[0] in ("lifecycle_msgs", "rcl_interfaces", "type_description_interfaces")
        for kind in kinds
    )


def test_the_fields_of_clouds_are_described():
    for name, dtype in {"keypoints": KEYPOINT_DTYPE, "keypoints_3d": POINT_DTYPE}.items():
        assert tuple(FIELDS[name]) == dtype.names
        assert np.dtype(dtype).itemsize in (20, 40)
