"""Depth images of a recording, and the detections that wait for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from lfm_ros.bags.depth import RecordedDepth

MS = 1_000_000


def detections(stamp_ms: int, recorded_ms: int) -> Any:
    return "/keypoints", recorded_ms * MS, SimpleNamespace(header=header(stamp_ms))


def header(stamp_ms: int) -> Any:
    return SimpleNamespace(stamp=stamp(stamp_ms), frame_id="camera")


def stamp(milliseconds: int) -> Any:
    return SimpleNamespace(sec=milliseconds // 1000, nanosec=milliseconds % 1000 * MS)


def image(stamp_ms: int, recorded_ms: int, encoding: str = "16UC1") -> Any:
    """Its only pixel is its stamp."""
    pixels = np.array([[stamp_ms]], "<u2")
    made = SimpleNamespace(
        header=header(stamp_ms),
        width=1,
        height=1,
        step=2,
        encoding=encoding,
        is_bigendian=0,
        data=pixels.tobytes(),
    )
    return "/depth", recorded_ms * MS, made


def read(*messages: Any, topic: str | None = "/depth") -> tuple[list[tuple[int, Any]], list[str]]:
    """Of each detection its stamp and the pixel of its image, and what is complained of."""
    complaints: list[str] = []
    depth = RecordedDepth(topic, complaints.append)
    found = []
    for _, _, message in depth.taken_out(sorted(messages, key=lambda one: one[1])):
        pixels = depth.at(message.header.stamp)
        milliseconds = message.header.stamp.sec * 1000 + message.header.stamp.nanosec // MS
        found.append((milliseconds, None if pixels is None else int(pixels[0, 0])))
    return found, complaints


def test_detections_wait_for_the_image_of_their_moment():
    frames = [(detections(t, t + 5), image(t, t + 300)) for t in range(1000, 2000, 33)]
    found, complaints = read(*(one for frame in frames for one in frame))
    assert found == [(t, t) for t in range(1000, 2000, 33)]
    assert not complaints


def test_the_nearer_of_two_images_is_taken():
    images = [image(t, t) for t in range(1000, 1400, 40)]
    found, _ = read(detections(1110, 1111), detections(1145, 1150), *images)
    assert found == [(1110, 1120), (1145, 1160)]


def test_a_stamp_far_ahead_keeps_nobody_waiting():
    """Else the images of all that come behind it would be gone by the time it is given up."""
    later = [(detections(t, t + 5), image(t, t + 1)) for t in range(2000, 5000, 33)]
    found, complaints = read(detections(60_000, 1999), *(one for frame in later for one in frame))
    assert found == [(60_000, None), *((t, t) for t in range(2000, 5000, 33))]
    assert len(complaints) == 1


def test_time_that_starts_anew_is_followed():
    rounds = [
        (detections(t, begin + t + 5), image(t, begin + t + 1))
        for begin in (0, 10_000)
        for t in range(1000, 3000, 33)
    ]
    found, complaints = read(*(one for frame in rounds for one in frame))
    assert [pixel for _, pixel in found] == [t for _ in range(2) for t in range(1000, 3000, 33)]
    assert not complaints


def test_what_is_no_depth_is_said_and_left_out():
    found, complaints = read(image(1000, 1000, "rgb8"), detections(1000, 1001))
    assert found == [(1000, None)]
    assert "depth is ignored: " in complaints[0]
    assert "rgb8" in complaints[0]


def test_without_a_topic_everything_passes():
    found, complaints = read(detections(1000, 1001), detections(1033, 1034), topic=None)
    assert found == [(1000, None), (1033, None)]
    assert not complaints
