"""Reading a depth image that is aligned with the camera: its bytes, its unit, and a pixel's depth.

A single pixel of a depth image is a hole or an edge as often as not, so every place is read from a
window around it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError

Array = NDArray[np.float64]

#: Encodings of ``sensor_msgs/msg/Image`` that hold depth, and numpy's names of their pixels.
ENCODINGS = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}

_REACH = 2
_FEWEST_PIXELS = 5
# REP 118: integers are millimetres, floats metres. Some drivers publish floats in millimetres.
_MILLIMETRE = 1e-3
# What is expected in metres and comes out this many times larger was in millimetres.
_BETWEEN_UNITS = 1000**0.5
# Where nothing is expected: few depth cameras see further than so many metres, or nearer than as
# many millimetres.
_FARTHEST = 200.0


def depth_from_bytes(
    data: bytes | bytearray | memoryview,
    size: tuple[int, int],
    encoding: str,
    step: int,
    big_endian: bool,
) -> NDArray[np.generic]:
    """The pixels of a ``sensor_msgs/msg/Image`` as an array (H, W), without copying them.

    Args:
        data: Rows of pixels.
        size: Width and height.
        encoding: One of ``ENCODINGS``.
        step: Bytes from one row to the next.
        big_endian: Order of the bytes of a pixel.

    Raises:
        InputError: The encoding holds no depth, or the numbers do not fit the data.
    """
    if encoding not in ENCODINGS:
        raise InputError(
            f"depth image has the encoding {encoding!r}; expected one of {', '.join(ENCODINGS)}: "
            "subscribe to the raw depth image, aligned with the camera"
        )
    kind = np.dtype(ENCODINGS[encoding]).newbyteorder(">" if big_endian else "<")
    width, height = size
    fits = width > 0 and height > 0 and step >= width * kind.itemsize
    if not fits or len(data) < step * (height - 1) + width * kind.itemsize:
        raise InputError(
            f"depth image of {width} x {height} pixels {encoding} has {len(data)} bytes in rows of "
            f"{step}; correct width, height or step"
        )
    return np.ndarray((height, width), kind, data, strides=(step, kind.itemsize))


def checked_depth(image: ArrayLike) -> NDArray[np.generic]:
    """A depth image as an array of shape (H, W).

    Raises:
        InputError: It has another shape, or values that are neither metres nor millimetres.
    """
    depth = np.asarray(image)
    kind_fits = depth.dtype.kind == "f" or (depth.dtype.kind in "iu" and depth.dtype.itemsize > 1)
    if depth.ndim != 2 or depth.size == 0 or not kind_fits:
        raise InputError(
            f"depth has shape {depth.shape} and type {depth.dtype}; give an image (H, W) of float "
            "metres or 16 bit millimetres, aligned with the camera"
        )
    return depth


def surface_depths(
    image: NDArray[np.generic],
    pixels: Array,
    cameras: Sequence[Intrinsics],
    expected: Array | None = None,
) -> Array:
    """Metres (B, K) along the optical axis to the surface around each pixel, NaN where unknown.

    The median of a window of 5 x 5 pixels, of which holes (0, NaN, infinite, negative) are left
    out; with fewer than 5 others nothing is known.

    Args:
        image: Shape (H, W); see ``checked_depth``. Where it is smaller or larger than the camera's
            image, the same field of view is meant.
        pixels: Shape (B, K, 2), of the camera's image.
        cameras: B cameras.
        expected: Depths (B, K) as far as another cue knows them, NaN where none does; they tell
            metres from millimetres in images of floats.
    """
    height, width = image.shape
    place = pixels * _resize(cameras, width, height) if len(cameras) else pixels
    near = np.arange(-_REACH, _REACH + 1)
    columns = np.rint(np.clip(place[..., 0], -1e6, 1e6)).astype(np.intp)[..., None] + near
    rows = np.rint(np.clip(place[..., 1], -1e6, 1e6)).astype(np.intp)[..., None] + near
    across, down = (columns >= 0) & (columns < width), (rows >= 0) & (rows < height)
    inside = (down[..., :, None] & across[..., None, :]).reshape(*pixels.shape[:2], -1)
    read = image[
        np.clip(rows, 0, height - 1)[..., :, None], np.clip(columns, 0, width - 1)[..., None, :]
    ]
    metres = read.reshape(inside.shape).astype(np.float64)
    metres = np.where(inside & np.isfinite(metres) & (metres > 0), metres, np.inf)
    metres = np.sort(metres, axis=-1)
    count = np.isfinite(metres).sum(-1)
    middle = np.take_along_axis(metres, np.maximum(count - 1, 0)[..., None] // 2, -1)[..., 0]
    middle = np.where(count >= _FEWEST_PIXELS, middle, np.nan)
    return middle * _unit(image.dtype, middle, expected)


def _resize(cameras: Sequence[Intrinsics], width: int, height: int) -> Array:
    """Pixels of the depth image per pixel of each camera's image, shape (B, 1, 2)."""
    sizes = np.array([camera.size for camera in cameras], np.float64)
    told = (sizes > 0).all(-1, keepdims=True)
    ratio = np.where(told, (width, height) / np.where(told, sizes, 1.0), 1.0)
    if (np.abs(ratio[:, 0] / ratio[:, 1] - 1) > 0.02).any():
        raise InputError(
            f"depth is {width} x {height} pixels and the camera's image "
            f"{int(sizes[0, 0])} x {int(sizes[0, 1])}; give depth that is aligned with the camera"
        )
    return ratio[:, None]


def _unit(kind: np.dtype[np.generic], values: Array, expected: Array | None) -> float:
    """Metres per unit of a depth image's values."""
    if kind.kind != "f":
        return _MILLIMETRE
    limits = np.full(values.shape, _FARTHEST)
    if expected is not None:
        limits = np.where(np.isfinite(expected), _BETWEEN_UNITS * expected, limits)
    known = np.isfinite(values)
    too_far = np.count_nonzero(values[known] > limits[known])
    return _MILLIMETRE if 2 * too_far > np.count_nonzero(known) else 1.0
