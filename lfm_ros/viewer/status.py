"""What the node says of itself, as a few lines of HTML beside the scene."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from html import escape

Status = Mapping[str, str]
UNKNOWN = "–"


class Freshness(Enum):
    """How old what is on the page is; the value is what the page says, and its colour."""

    WAITING = ("waiting for data", "#e69f00")
    LIVE = ("live", "#009e73")
    STALE = ("no data", "#8a8f98")


def status_html(status: Status, freshness: Freshness, *, age_s: float = 0.0) -> str:
    """The status as HTML; every value is escaped, since it came over the network.

    Args:
        status: Keys of the node's ``/diagnostics`` entry; absent ones are shown as a dash.
        freshness: Whether data arrives.
        age_s: Seconds since the last frame; shown when stale.
    """
    word, color = freshness.value
    if freshness is Freshness.STALE:
        word = f"no data for {age_s:.0f} s"
    state = escape(status.get("state", ""))
    head = (
        f'<span style="background:{color};color:#fff;border-radius:1em;padding:.1em .7em;'
        f'font-weight:600">{word}</span> <span style="opacity:.7">{state}</span>'
    )
    rows = "".join(_row(name, value) for name, value in rows_of(status))
    table = f'<table style="width:100%;border-spacing:0;margin-top:.5em">{rows}</table>'
    return f'<div style="font-size:.82em;line-height:1.45;padding:0 1em">{head}{table}</div>'


def rows_of(status: Status) -> list[tuple[str, str]]:
    """Names and plain-text values of the table, in order."""
    rows = [
        ("Rate", _rate(status)),
        ("Latency", _latency(status)),
        ("Error", _error(status)),
        ("Dropped", status.get("dropped", "")),
        ("Scale", status.get("scale_source", "")),
        ("Engine", status.get("engine", "")),
        ("Model", status.get("model", "")),
        ("Camera", status.get("camera", "")),
        ("Trouble", status.get("last_error", "")),
    ]
    optional = ("Dropped", "Scale", "Camera", "Trouble", "Error")
    return [(name, value or UNKNOWN) for name, value in rows if value or name not in optional]


def _rate(status: Status) -> str:
    came, went = _number(status, "rate_in_hz"), _number(status, "rate_out_hz")
    return f"{came} Hz in, {went} Hz out"


def _latency(status: Status) -> str:
    if "latency_ms_p50" not in status:
        return ""
    text = f"p50 {_number(status, 'latency_ms_p50')}, p95 {_number(status, 'latency_ms_p95')} ms"
    network = status.get("network_ms_p50")
    return f"{text} (network {_number(status, 'network_ms_p50')})" if network else text


def _error(status: Status) -> str:
    if "error_aligned_mm" not in status:
        return ""
    shape, place = _number(status, "error_aligned_mm"), _number(status, "error_mm")
    return f"{shape} mm shape, {place} mm absolute"


def _number(status: Status, key: str) -> str:
    """A value with as many digits as a person reads; other text unchanged."""
    text = status.get(key, "")
    try:
        value = float(text)
    except ValueError:
        return text or UNKNOWN
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _row(name: str, value: str) -> str:
    return (
        f'<tr><td style="opacity:.6;padding-right:.9em;vertical-align:top">{escape(name)}</td>'
        f'<td style="font-variant-numeric:tabular-nums">{escape(value)}</td></tr>'
    )
