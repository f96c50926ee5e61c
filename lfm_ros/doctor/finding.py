"""One thing that was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OK, ABSENT, BROKEN = "ok", "absent", "broken"


@dataclass(frozen=True)
class Finding:
    """What was found, and what follows from it.

    Attributes:
        area: Which part of the report it belongs to.
        name: What was looked for.
        state: ``ok``, ``absent`` or ``broken``.
        found: Version, path, or why it does not work.
        off: What its absence switches off; empty where nothing is lost.
        mend: The command that brings it, or what to do; empty where there is nothing to mend.
    """

    area: str
    name: str
    state: str
    found: str
    off: str = ""
    mend: str = ""


def backends_that_run(findings: Sequence[Finding]) -> list[str]:
    """The runtimes that can carry out a network here, by their names in ``--backend``."""
    prefix = "backend "
    return [
        finding.name.removeprefix(prefix)
        for finding in findings
        if finding.name.startswith(prefix) and finding.state == OK
    ]


def can_lift(findings: Sequence[Finding]) -> bool:
    """Whether there is a runtime that runs and a model that is sound."""
    models = [f for f in findings if f.area == "models" and f.state == OK]
    return bool(models) and bool(backends_that_run(findings))
