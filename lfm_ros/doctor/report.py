"""The findings, for a person and for a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

import lfm_ros
from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding, backends_that_run, can_lift

_SIGNS = {OK: "ok", ABSENT: "--", BROKEN: "!!"}


def text(findings: Sequence[Finding]) -> str:
    """Lines for a terminal, the verdict last."""
    lines: list[str] = []
    for area, group in groupby(findings, lambda finding: finding.area):
        lines += ["", area]
        for finding in group:
            lines += _lines(finding)
    return "\n".join([*lines[1:], "", verdict(findings)])


def verdict(findings: Sequence[Finding]) -> str:
    """One sentence: whether anything can run, and on what."""
    if can_lift(findings):
        return f"Lifting works here, on {', '.join(backends_that_run(findings))}."
    return "Nothing can be lifted here: see what is marked !! or -- under runtimes and models."


def as_json(findings: Sequence[Finding]) -> str:
    """Everything, for a program or a bug report."""
    document = {
        "lfm_ros": lfm_ros.__version__,
        "can_lift": can_lift(findings),
        "backends": backends_that_run(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(document, indent=1)


def _lines(finding: Finding) -> list[str]:
    lines = [f"  {_SIGNS[finding.state]}  {finding.name:<20} {finding.found}".rstrip()]
    if finding.off:
        lines.append(f"        switches off: {finding.off}")
    if finding.mend:
        lines.append(f"        mend: {finding.mend}")
    return lines
