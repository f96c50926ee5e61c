"""Numbers on the command line that are refused in words that a user knows."""

from __future__ import annotations

import argparse
import math

_LAST_PORT = 65535


def whole(text: str) -> int:
    """A whole number from 1 on.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def port(text: str) -> int:
    """The number of a TCP port.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give one from 1 to {_LAST_PORT}")
    return int(text)


def seconds(text: str) -> float:
    """A length of time above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    return _above_zero(text, "seconds")


def hertz(text: str) -> float:
    """A rate above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    return _above_zero(text, "Hz")


def _above_zero(text: str, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {unit} above 0")
    return value
