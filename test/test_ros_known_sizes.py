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
    np.testing.assert_array_equal(known_sizes(["car12: 25.4"], RIGS), [np.nan, 25.4])


def test_one_empty_text_means_that_none_is_known():
    assert known_sizes([""], RIGS) is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("hand21: 0.7", "not one of the rigs in use"),
        ("car12: large", "metres above 0"),
        ("car12: -1", "metres above 0"),
        ("car12: nan", "metres above 0"),
        ("car12", "write it like"),
    ],
)
def test_what_cannot_be_read_is_refused(entry, said):
    with pytest.raises(MessageError, match=said):
        known_sizes([entry], RIGS)
