"""The executors that a node can be told to use."""

from __future__ import annotations

#: Values of the parameter ``executor``.
EXECUTORS = SINGLE_THREADED, EVENTS = ("single_threaded", "events")
