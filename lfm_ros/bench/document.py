"""What a run leaves behind: figures, and what they were measured on."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

import lfm_ros
from lfm_ros.bench.plan import Measured, Plan
from lfm_ros.bench.targets import judge
from lfm_ros.engines.select import BACKENDS
from lfm_ros.host import Host
from lfm_ros.models import load_model

FORMAT = 1


def document(plan: Plan, found: Measured) -> dict[str, Any]:
    """All of a run of ``lfm bench``, ready for JSON."""
    return {
        **heading("lifter"),
        "threads": plan.threads,
        "models": {name: _model(name) for name in plan.models},
        "backends": found.backends,
        "notes": found.notes,
        "targets": [asdict(target) for target in judge(found.rows)],
        "cold": found.cold,
        "rows": found.rows,
    }


def node_document(settings: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All of a run of ``lfm bench --ros``, ready for JSON."""
    return {**heading("node"), "settings": dict(settings), "rows": list(rows)}


def heading(measured: str) -> dict[str, Any]:
    """What was measured, when, and on what."""
    return {
        "format": FORMAT,
        "measured": measured,
        "date": datetime.date.today().isoformat(),
        "machine": machine(Host()),
        "versions": {"lfm_ros": lfm_ros.__version__, **versions()},
    }


def machine(host: Host) -> dict[str, Any]:
    """The computer, and how busy it was with other things."""
    return {
        "processor": host.processor,
        "instruction_sets": host.instruction_sets,
        "cores": host.cores,
        "memory_gb": host.memory_gb,
        "board": host.board,
        "gpus": host.gpus,
        "driver": host.driver,
        "system": host.system,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def versions() -> dict[str, str]:
    """Of the interpreter and of the installed runtimes."""
    found = {"python": platform.python_version()}
    runtimes = [name for backend in BACKENDS.values() for name in backend.distributions]
    for name in ("numpy", *runtimes):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def rounded(value: Any) -> Any:
    """The same with four significant digits: more are noise, and hide what changed in a diff."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def _model(name: str) -> dict[str, Any]:
    manifest = load_model(name).manifest
    return {
        "name": manifest["name"],
        "parameters": manifest.get("parameters"),
        "fp32": manifest["files"]["fp32"]["sha256"],
    }
