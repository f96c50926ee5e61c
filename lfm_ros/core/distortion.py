"""The distortion models of CameraInfo, from ideal to distorted image-plane points and back.

Source: OpenCV calib3d and fisheye documentation, the models that CameraInfo refers to.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

Array = NDArray[np.float64]
Coefficients = tuple[float, ...]

#: How many coefficients each model may have; missing ones are zero.
COEFFICIENTS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}

_STEPS = 20
# Largest difference on the image plane after undistorting and distorting again: 1e-7 pixels.
_TOLERANCE = 1e-10
# A ray steeper than this (88.8 degrees) has no place on the image plane worth the name.
_STEEPEST = 1.55
# Newton's slope is zero at the very edge of a model's range.
_INSIDE = 1 - 1e-6


def distort(ideal: Array, model: str, coefficients: Coefficients) -> Array:
    """Distorted image-plane points (..., 2) of ideal ones (..., 2)."""
    if not coefficients:
        return ideal
    if model == "equidistant":
        radius = np.linalg.norm(ideal, axis=-1)
        return ideal * _ratio(_bent(np.arctan(radius), coefficients), radius)[..., None]
    return _brown(ideal, coefficients)[0]


def undistort(distorted: Array, model: str, coefficients: Coefficients) -> Array:
    """Ideal image-plane points (..., 2) of distorted ones (..., 2); NaN where no ray arrives.

    A lens model holds only up to the radius where it stops growing. What lies beyond has either no
    solution or one that no light took.
    """
    if not coefficients:
        return distorted
    with np.errstate(all="ignore"):
        if model == "equidistant":
            return _undistort_equidistant(distorted, coefficients)
        return _undistort_brown(distorted, coefficients)


def _undistort_brown(distorted: Array, coefficients: Coefficients) -> Array:
    """Newton's method in the plane, kept inside the range of the model."""
    limit = _brown_limit(coefficients)
    ideal = _within(distorted, limit)
    for _ in range(_STEPS):
        bent, xx, xy, yy = _brown(ideal, coefficients)
        x, y = np.moveaxis(distorted - bent, -1, 0)
        if np.abs(distorted - bent).max(initial=0.0) < 0.01 * _TOLERANCE:
            break
        step = np.stack([yy * x - xy * y, xx * y - xy * x], -1) / (xx * yy - xy * xy)[..., None]
        ideal = _within(ideal + step, limit)
    off = np.linalg.norm(_brown(ideal, coefficients)[0] - distorted, axis=-1)
    # Not "off > tolerance": that would keep NaN.
    return np.where((off <= _TOLERANCE)[..., None], ideal, np.nan)


def _brown(ideal: Array, coefficients: Coefficients) -> tuple[Array, Array, Array, Array]:
    """Distorted points of plumb_bob and rational_polynomial, and their symmetric Jacobian."""
    k1, k2, p1, p2, k3, k4, k5, k6 = _padded(coefficients, 8)
    x, y = ideal[..., 0], ideal[..., 1]
    s = x * x + y * y
    above, below = 1 + s * (k1 + s * (k2 + s * k3)), 1 + s * (k4 + s * (k5 + s * k6))
    radial = above / below
    slope = (k1 + s * (2 * k2 + s * 3 * k3) - radial * (k4 + s * (2 * k5 + s * 3 * k6))) / below
    shift = [2 * p1 * x * y + p2 * (s + 2 * x * x), p1 * (s + 2 * y * y) + 2 * p2 * x * y]
    xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
    xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
    yy = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
    return ideal * radial[..., None] + np.stack(shift, -1), xx, xy, yy


@lru_cache(maxsize=64)
def _brown_limit(coefficients: Coefficients) -> float:
    """Radius up to which the radial part grows, so that it can be inverted."""
    k1, k2, _, _, k3, k4, k5, k6 = _padded(coefficients, 8)
    above, below = np.array([1, k1, k2, k3]), np.array([1, k4, k5, k6])
    bend = polynomial.polysub(
        polynomial.polymul(polynomial.polyder(above), below),
        polynomial.polymul(above, polynomial.polyder(below)),
    )
    # Numerator of the derivative by the radius, in the squared radius.
    growth = polynomial.polyadd(polynomial.polymul(above, below), 2 * polynomial.polymulx(bend))
    return float(np.sqrt(min(_first_root(growth), _first_root(below))))


def _undistort_equidistant(distorted: Array, coefficients: Coefficients) -> Array:
    k1, k2, k3, k4 = _padded(coefficients, 4)
    growth = np.array([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4])
    steepest = min(np.sqrt(_first_root(growth)), _STEEPEST)
    radius = np.linalg.norm(distorted, axis=-1)
    theta = np.minimum(radius, _INSIDE * steepest)
    for _ in range(_STEPS):
        off = _bent(theta, coefficients) - radius
        if np.abs(off).max(initial=0.0) < 0.01 * _TOLERANCE:
            break
        slope = polynomial.polyval(theta * theta, growth)
        theta = np.clip(theta - off / slope, 0, _INSIDE * steepest)
    arrives = np.abs(_bent(theta, coefficients) - radius) <= _TOLERANCE
    ideal = distorted * _ratio(np.tan(theta), radius)[..., None]
    return np.where(arrives[..., None], ideal, np.nan)


def _bent(theta: Array, coefficients: Coefficients) -> Array:
    """Distorted radius of a ray ``theta`` radians off the axis (equidistant)."""
    return theta * polynomial.polyval(theta * theta, [1.0, *_padded(coefficients, 4)])


def _ratio(above: Array, below: Array) -> Array:
    """Quotient of two radii that vanish together, 1 there."""
    safe = np.maximum(below, 1e-12)
    return np.where(below > 1e-12, above / safe, 1.0)


def _within(points: Array, limit: float) -> Array:
    """Points (..., 2) no further than ``limit`` from the axis."""
    radius = np.linalg.norm(points, axis=-1, keepdims=True)
    return np.where(radius > _INSIDE * limit, points * (_INSIDE * limit / radius), points)


def _first_root(ascending: Array) -> float:
    """Smallest positive real root of a polynomial, infinity if there is none."""
    roots = polynomial.polyroots(polynomial.polytrim(ascending))
    real = roots[np.abs(roots.imag) <= 1e-9 * np.abs(roots)].real
    return float(real[real > 0].min(initial=np.inf))


def _padded(coefficients: Sequence[float], count: int) -> Coefficients:
    return (*coefficients, *([0.0] * (count - len(coefficients))))
