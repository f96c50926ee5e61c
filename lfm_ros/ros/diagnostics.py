"""The ``/diagnostics`` message of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

_LEVELS = {
    "OK": DiagnosticStatus.OK,
    "WARN": DiagnosticStatus.WARN,
    "ERROR": DiagnosticStatus.ERROR,
}


def diagnostic_array(
    stamp: Any, name: str, level: str, message: str, values: Mapping[str, str]
) -> DiagnosticArray:
    """The ``/diagnostics`` message of one status.

    Args:
        stamp: ``builtin_interfaces/msg/Time``.
        name: Of the status.
        level: ``OK``, ``WARN`` or ``ERROR``.
        message: One line for a person.
        values: Shown below it.
    """
    status = DiagnosticStatus(level=_LEVELS[level], name=name, message=message)
    status.hardware_id = values.get("engine", "")
    status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array
