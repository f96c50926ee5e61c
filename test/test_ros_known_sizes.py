"""The parameter known_sizes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.known_sizes import known_sizes
from lfm_ros.skeletons import load_skeleton

RIGS = [load_skeleton("coco17"), load_skeleton("car12")]


def test_sizes_stand_at_the_places_of_their_rigs():
    np.testing.assert_array_equal(known_sizes(["car12: 25.4"], RIGS, pytest.fail), [np.nan, 25.4])


def test_one_empty_text_means_that_none_is_known():
    assert known_sizes([""], RIGS, pytest.fail) is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("hand21: 0.7", "not one of the rigs in use"),
        ("car12: large", "metres above 0"),
        ("car12: -1", "metres above 0"),
        ("car12: nan", "metres above 0"),
        ("car12", "write it like 'coco17: 5.32'"),
        ("1.75", "write it like 'coco17: 5.32'"),
    ],
)
def test_what_cannot_be_read_is_refused(entry, said):
    with pytest.raises(MessageError, match=said):
        known_sizes([entry], RIGS, pytest.fail)


def test_of_one_rig_the_metres_will_do():
    np.testing.assert_array_equal(known_sizes(["5.1"], RIGS[:1], pytest.fail), [5.1])
    with pytest.raises(MessageError, match=r"'tall' for 'coco17'; write metres.*'coco17: 5\.32'"):
        known_sizes(["tall"], RIGS[:1], pytest.fail)


def test_a_height_is_doubted():
    said: list[str] = []
    np.testing.assert_array_equal(known_sizes(["coco17: 1.75"], RIGS, said.append), [1.75, np.nan])
    (why,) = said
    assert "1.75 m, where 5.32 m is usual" in why
    assert "summed length of the edges" in why
