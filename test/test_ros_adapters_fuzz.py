"""Whatever is in a message, an adapter reads it or says why not.

``pytest -m slow`` sends 100,000 messages.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")
pytest.importorskip("hypothesis", reason="needs hypothesis")
pytest.importorskip("detector_messages", reason="no messages of detectors here; make compiles them")

from detector_messages import EXAMPLES
from hypothesis import HealthCheck, given, settings
from message_mutations import Mutation, mutate, mutate_bytes, mutations
from rclpy.serialization import deserialize_message, serialize_message

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters import Adapter, Keypoints2D, load_adapter
from lfm_ros.ros.parameters import LifterParameters

ALL_CLASSES = ("person: coco17", "hand: hand21", "*: coco17")


def adapter_of(input_type: str) -> Adapter:
    rig = EXAMPLES[input_type].rig
    parameters = replace(LifterParameters(), input_type=input_type, skeletons=(rig,))
    if input_type.startswith("yolo"):
        parameters = replace(parameters, class_skeletons=ALL_CLASSES, min_detection_confidence=0.1)
    return load_adapter(lambda: parameters)


ADAPTERS = {name: adapter_of(name) for name in EXAMPLES}
BYTES = {name: bytes(serialize_message(one.make())) for name, one in EXAMPLES.items()}


def read(adapter: Adapter, message: Any) -> bool:
    """Whether an adapter could read a message; what it reads must be fit to be lifted."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check(adapter.adapt(message, adapter.rigs), adapter)
        except MessageError:
            return False
    return True


def check(seen: Keypoints2D, adapter: Adapter) -> None:
    count, width = seen.confidence.shape
    assert seen.keypoints.shape == (count, width, 2)
    assert len(seen.instance_id) == len(seen.skeleton) == count
    assert np.isfinite(seen.keypoints).all()
    assert ((seen.confidence >= 0) & (seen.confidence <= 1)).all()
    assert ((seen.skeleton >= 0) & (seen.skeleton < len(adapter.rigs))).all()
    assert all(width >= len(adapter.rigs[index]) for index in seen.skeleton)
    assert isinstance(seen.frame_id, str)


def try_fields(input_type: str, changes: list[Mutation]) -> bool:
    message = deserialize_message(BYTES[input_type], type(EXAMPLES[input_type].make()))
    mutate(message, changes)
    adapter = ADAPTERS[input_type]
    return read(adapter, serialize_message(message) if adapter.raw else message)


def try_bytes(input_type: str, changes: list[Mutation]) -> bool:
    data, adapter = mutate_bytes(BYTES[input_type], changes), ADAPTERS[input_type]
    if adapter.raw:
        return read(adapter, data)
    try:
        message = deserialize_message(data, adapter.message)
    except Exception:  # The middleware's, which hands out nothing then.
        return False
    return read(adapter, message)


def run(input_type: str, attempt: Any, examples: int) -> None:
    tried: list[bool] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations)
    def many(changes: list[Mutation]) -> None:
        tried.append(attempt(input_type, changes))

    many()
    assert len(tried) >= examples
    assert any(tried), "not one of the mutated messages could be read, so nothing was tried"


@pytest.mark.parametrize("attempt", [try_fields, try_bytes])
@pytest.mark.parametrize("input_type", EXAMPLES)
def test_two_thousand_mutated_messages(input_type, attempt):
    run(input_type, attempt, 170)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("attempt", [try_fields, try_bytes])
@pytest.mark.parametrize("input_type", EXAMPLES)
def test_a_hundred_thousand_mutated_messages(input_type, attempt):
    run(input_type, attempt, 8_400)
