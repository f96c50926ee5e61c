"""All checks, one after the other; what a check itself breaks on is a finding, too."""

from __future__ import annotations

from collections.abc import Callable

from lfm_ros.doctor import computer, engines, models, python, ros, runtimes
from lfm_ros.doctor.finding import BROKEN, Finding
from lfm_ros.doctor.patient import Patient


def examine(patient: Patient | None = None) -> list[Finding]:
    """Look at everything. Never raises, however broken the installation is."""
    seen = patient or Patient()
    checks: dict[str, Callable[[], list[Finding]]] = {
        computer.AREA: lambda: computer.check(seen),
        python.AREA: lambda: python.check(seen),
        runtimes.AREA: lambda: runtimes.check(seen),
        models.AREA: models.check,
        engines.AREA: engines.check,
        ros.AREA: lambda: ros.check(seen),
    }
    return [finding for area, check in checks.items() for finding in _guarded(area, check)]


def _guarded(area: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:
        said = f"cannot be checked: {type(error).__name__}: {error}"
        return [Finding(area, area, BROKEN, said, mend="mend what is named above and try again")]
