"""Whether modules are there and work, and what to do about those that do not."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding
from lfm_ros.doctor.patient import Patient

_AT_ONCE = 4


@dataclass(frozen=True)
class Module:
    """A module to look for.

    Attributes:
        name: How the report calls it.
        module: Its dotted name.
        off: What its absence switches off.
        mend: The command that brings it.
        expression: What to ask it; by default its version.
    """

    name: str
    module: str
    off: str
    mend: str
    expression: str = "getattr(module, '__version__', '')"


def look_for(area: str, modules: Iterable[Module], patient: Patient) -> list[Finding]:
    """Try modules, several at once."""

    def look(wanted: Module) -> Finding:
        tried = patient.try_module(wanted.module, wanted.expression)
        if tried.works:
            return Finding(area, wanted.name, OK, tried.said)
        if not tried.there:
            return Finding(area, wanted.name, ABSENT, "not installed", wanted.off, wanted.mend)
        mend = _numpy_remedy(tried.said) or (wanted.mend and f"install it again: {wanted.mend}")
        return Finding(area, wanted.name, BROKEN, tried.said, wanted.off, mend)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(look, modules))


def _numpy_remedy(said: str) -> str:
    """What to do about a module that was compiled for another numpy; apt's and pip's often mix."""
    if "numpy" not in said.lower() or not any(w in said for w in ("multiarray", "ABI", "NumPy 1")):
        return ""
    return "it was built for another numpy; for apt's ROS 2: python3 -m pip install 'numpy<2'"
