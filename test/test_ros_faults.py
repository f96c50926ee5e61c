"""Bad and hostile input and events: the running lifter lives on and lifts the next frame right.

One lifter sees them all, one after the other, with nothing in between that would mend it. After
each comes a good frame, and its answer has to be what this process makes of the same keypoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source one, or install the extra ros")

from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from ros_bench import GOOD, Bench, suffering
from ros_graph import CAMERA, detections
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import KEYPOINT_DTYPE


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with suffering() as made:
        yield made


def cells(**columns: Any) -> Callable[[PointCloud2], None]:
    """Other values in some columns of a frame."""

    def spoil(message: PointCloud2) -> None:
        changed = np.frombuffer(message.data, KEYPOINT_DTYPE).copy()
        for name, values in columns.items():
            changed[name] = values
        message.data = changed.tobytes()

    return spoil


def said(**attributes: Any) -> Callable[[Any], None]:
    """Other values in some fields of a message."""

    def spoil(message: Any) -> None:
        for name, value in attributes.items():
            setattr(message, name, value)

    return spoil


def column(index: int, **attributes: Any) -> Callable[[PointCloud2], None]:
    """Another description of one column."""
    return lambda message: said(**attributes)(message.fields[index])


def header(**attributes: Any) -> Callable[[Any], None]:
    return lambda message: said(**attributes)(message.header)


def longer(message: PointCloud2, size: int) -> None:
    """Repeat the last bytes of the only row."""
    message.data = bytes(message.data) + bytes(message.data[-size:])
    message.width, message.row_step = message.width + 1, message.row_step + size


LARGE = 2**32 - 1
ONE, LINE = np.eye(17)[0], np.linspace(200, 800, 17)
UNREADABLE: dict[str, Callable[[PointCloud2], None]] = {
    "a big-endian cloud": said(is_bigendian=True),
    "no field of confidence": lambda message: message.fields.pop(2),
    "no field at all": said(fields=[]),
    "pixels that are whole numbers": column(0, datatype=PointField.INT32),
    "a type of number that there is not": column(0, datatype=99),
    "a field beyond its point": column(4, offset=LARGE),
    "truncated data": lambda message: said(data=message.data[:100])(message),
    "no data": said(data=b""),
    "a huge cloud without data": said(width=LARGE, height=LARGE, data=b""),
    "a huge cloud with little data": said(width=LARGE, height=LARGE),
    "point_step 0": said(point_step=0, row_step=0),
    "a row longer than its row_step": said(row_step=20, height=2),
    "a skeleton that is not in use": cells(skeleton=5),
    "a negative skeleton": cells(skeleton=-1),
    "four seconds of nanoseconds": header(stamp=Time(sec=100, nanosec=LARGE)),
    "too few keypoints": said(width=16),
    "too many keypoints": lambda message: longer(message, 20),
    "an id that changes along a row": cells(instance_id=np.arange(17)),
    "a skeleton that changes along a row": cells(skeleton=np.arange(17)),
}
STRANGE: dict[str, Callable[[PointCloud2], None]] = {
    "negative confidence": cells(confidence=-1),
    "confidence above 1": cells(confidence=1e30),
    "confidence that is no number": cells(confidence=np.nan),
    "confidence without end": cells(confidence=np.inf),
    "one keypoint": cells(confidence=ONE),
    "no keypoint": cells(confidence=0),
    "pixels that are no numbers": cells(u=np.nan, v=np.nan),
    "pixels without end": cells(u=np.inf, v=-np.inf),
    "pixels at 1e38": cells(u=1e38, v=-LINE * 1e35),
    "pixels far outside the image": cells(u=-LINE * 1e4, v=LINE**2),
    "all keypoints in one place": cells(u=500, v=300),
    "keypoints on a line": cells(u=LINE, v=LINE),
    "keypoints within a thousandth of a pixel": cells(u=LINE * 1e-6, v=LINE[::-1] * 1e-6),
    "the largest id there is": cells(instance_id=2**31 - 1),
    "the most negative id there is": cells(instance_id=-(2**31)),
    "an empty frame_id": header(frame_id=""),
    "a frame_id of a thousand letters": header(frame_id="ß" * 1000),
    "the stamp 0": header(stamp=Time()),
    "a stamp before 1970": header(stamp=Time(sec=-(2**31))),
    "a stamp in 2038": header(stamp=Time(sec=2**31 - 1, nanosec=999_999_999)),
    "the same stamp again": header(stamp=Time(sec=100)),
    "a field that is there twice": lambda message: message.fields.append(message.fields[0]),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_clouds_that_cannot_be_read(bench, kind):
    message = bench.frame()
    UNREADABLE[kind](message)
    bench.probe.send(message)
    bench.check()
    bench.refused += 1
    assert bench.dropped("message") == bench.refused


@pytest.mark.parametrize("kind", STRANGE)
def test_clouds_with_strange_content(bench, kind):
    for _ in range(2):
        message = bench.frame()
        STRANGE[kind](message)
        bench.probe.send(message)
    bench.check()


ROWS: dict[str, tuple[list[int], list[int] | None]] = {
    "nobody": ([], None),
    "a thousand people": ([17] * 1000, None),
    "an id that is there three times": ([17] * 3, [5] * 3),
    "nobody is named": ([17] * 3, [-1] * 3),
    "no columns": ([0, 0], None),
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_every_number_and_length(bench, kind):
    widths, ids = ROWS[kind]
    bench.probe.send(bench.frame(widths, [0] * len(widths), ids))
    bench.check()


WHOLE = serialize_message(GOOD)
BYTES = {
    "a message of two bytes": WHOLE[:2],
    "half a message": WHOLE[: len(WHOLE) // 2],
    "bytes of chance": np.random.default_rng(0).bytes(400),
    "an encoding that is not CDR": b"\x00\x03" + WHOLE[2:],
    "four billion fields": WHOLE[:48] + b"\xff" * 8 + WHOLE[56:],
}


@pytest.mark.parametrize("kind", BYTES)
def test_bytes_that_are_no_cloud(bench, kind):
    bench.probe.send(BYTES[kind])
    bench.check()
    bench.refused += 1
    assert bench.dropped("message") == bench.refused


CAMERAS: dict[str, Callable[[CameraInfo], None]] = {
    "a camera that is all zeros": said(k=[0.0] * 9, p=[0.0] * 12, width=0, height=0),
    "a camera matrix that is no number": said(k=[np.nan] * 9),
    "a camera matrix that is transposed": said(k=[900.0, 0, 0, 0, 900, 0, 640, 360, 1]),
    "a negative focal length": said(k=[-900.0, 0, 640, 0, -900, 360, 0, 0, 1]),
    "a focal length of nothing": said(k=[1e-300, 0, 640, 0, 1e-300, 360, 0, 0, 1]),
    "a focal length without end": said(k=[1e300, 0, 640, 0, 1e300, 360, 0, 0, 1]),
    "another size of image": said(width=64, height=48),
    "a lens that is not known": said(distortion_model="mirror_ball"),
    "another lens": said(distortion_model="equidistant", d=[0.1, 0.0, 0.0, 0.0]),
    "a lens that lets no light in": said(d=[-1e6, 1e6, 0.0, 0.0, 1e9]),
    "a lens of a thousand numbers": said(d=[0.1] * 1000),
    "binning of four billion": said(binning_x=LARGE, binning_y=LARGE),
    "a region outside the image": lambda info: said(x_offset=LARGE, width=LARGE)(info.roi),
}


@pytest.mark.parametrize("kind", CAMERAS)
def test_cameras_that_change_while_the_lifter_runs(bench, kind):
    for _ in range(2):
        message = detections(next(bench.clock))
        info = camera_info(message.header, CAMERA)
        CAMERAS[kind](info)
        bench.probe.send_camera_info(info)
        bench.probe.send(message)
    bench.check()


def wall(values: Any = 4000, kind: str = "<u2", **attributes: Any) -> Callable[[Header], Image]:
    """A depth image in which everything is equally far."""

    def make(header: Header) -> Image:
        made = Image(header=header, encoding="16UC1" if kind == "<u2" else "32FC1")
        image = np.full((72, 128), values, kind)
        made.height, made.width, made.step = 72, 128, image.strides[0]
        made.data = image.tobytes()
        said(**attributes)(made)
        return made

    return make


DEPTHS: dict[str, Callable[[Header], Image]] = {
    "depth of another size than the image": wall(height=1, width=128 * 72, step=128 * 72 * 2),
    "depth of one pixel": wall(height=1, width=1, step=2, data=b"\x01\x02"),
    "depth in colour": wall(encoding="rgb8"),
    "depth that is no number": wall(np.nan, "<f4"),
    "depth without end": wall(np.inf, "<f4"),
    "depth behind the camera": wall(-4.0, "<f4"),
    "depth that is all holes": wall(0),
    "truncated depth": wall(data=b"12345"),
    "depth with rows of no bytes": wall(step=0),
    "huge depth without data": wall(width=LARGE, height=LARGE, data=b""),
    "depth of no size": wall(width=0, height=0, step=0, data=b""),
}


@pytest.mark.parametrize("kind", DEPTHS)
def test_depth_images(bench, kind):
    message = bench.frame()
    bench.depth.publish(DEPTHS[kind](message.header))
    bench.probe.send(message)
    bench.check()


@pytest.mark.parametrize("smoothing", ["one_euro", "constant_velocity"])
def test_filters_keep_nothing_of_it(bench, smoothing):
    """Somebody who stands still is where he is, once what was strange is a while ago."""
    assert bench.set_parameter("smoothing", smoothing) == (True, "")
    for spoil in STRANGE.values():
        message = bench.good_frame(name=3)
        spoil(message)
        bench.probe.send(message)
    for _ in range(60):
        last = bench.good_frame(name=3)
        bench.probe.send(last)
    bench.probe.markers_of(last)
    bench.check(name=3)
    assert bench.set_parameter("smoothing", "none") == (True, "")


def test_nothing_took_the_lifter_by_surprise(bench):
    """Whatever was dropped, was dropped for a reason that the lifter knows."""
    assert bench.dropped("internal") == 0
    assert "Traceback" not in bench.lifter.output
    kinds = [*UNREADABLE, *STRANGE, *ROWS, *BYTES, *CAMERAS, *DEPTHS]
    assert len(set(kinds)) == len(kinds) >= 40
