"""Built engines, kept on disk: found again, or built anew, and never trusted by their name alone.

A plan runs only with the library, the GPU and the driver that it was built for, so all of that is
in its key; one of TensorRT for RTX runs on every GPU of its compute capability. Beside it lies a
sidecar (JSON) that says what it is, with its SHA-256; whatever does not fit together is built
again. Plans are code for the GPU: a folder that others may write to is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lfm_ros.core.errors import EngineError
from lfm_ros.engines.base import Notice
from lfm_ros.engines.build import BuildError, BuiltEngine, build
from lfm_ros.engines.cache_folder import (
    UNUSED_DAYS,
    cache_folder,
    delete_unused,
    locked,
    mark_used,
    write_atomically,
)
from lfm_ros.engines.golden import GoldenDifference
from lfm_ros.engines.nvidia import NvidiaModule, Progress
from lfm_ros.engines.nvidia_log import Entry
from lfm_ros.engines.profiles import PROFILES
from lfm_ros.models import Model, sha256

#: Goes up when plans of an older version of this package must not be used.
FORMAT = 1


class DeviceInfo(NamedTuple):
    """The GPU that a plan is for.

    Attributes:
        name: As the driver calls it.
        compute_capability: Such as (8, 7).
        driver: The CUDA version that its driver supports, such as ``12.6``.
    """

    name: str
    compute_capability: tuple[int, int]
    driver: str


@dataclass(frozen=True)
class CachedPlan:
    """A plan that is what its sidecar says.

    Attributes:
        path: Where it lies, or None where nothing could be written.
        bytes: The plan.
        sidecar: What is known of it: ``identity``, ``kernels``, ``scratch_bytes``, ``seconds``,
            ``golden`` (once ``record`` has been called).
    """

    path: Path | None
    bytes: bytes
    sidecar: dict[str, Any]

    def golden(self, device: DeviceInfo) -> GoldenDifference | None:
        """The difference to the model's own outputs on a GPU, if it was recorded there last."""
        recorded = self.sidecar.get("golden", {})
        if recorded.get("on") != _told(device):
            return None
        return GoldenDifference(recorded["mean"], recorded["worst"])

    def record(self, golden: GoldenDifference, device: DeviceInfo) -> None:
        """Write the difference to the model's own outputs on this GPU into the sidecar."""
        self.sidecar["golden"] = {**asdict(golden), "on": _told(device)}
        if self.path is not None:
            # In a cache that is only read, it is measured again at the next start.
            with contextlib.suppress(OSError):
                _write_sidecar(self.path, self.sidecar)


def load_or_build(
    model: Model,
    nvidia: NvidiaModule,
    device: DeviceInfo,
    precision: str = "fp16",
    on_build: Notice | None = None,
    *,
    progress: Progress | None = None,
    force: bool = False,
) -> CachedPlan:
    """Find the plan, or build it and delete what has not been used for long.

    Args:
        model: The model.
        nvidia: From ``lfm_ros.engines.nvidia.find``.
        device: The GPU of this process.
        precision: ``fp16`` or ``fp32``.
        on_build: Called with a sentence before anything that takes long (a build, waiting for
            another process that builds), and when something in the cache could not be used.
        progress: Called with the phases of a build and their share done.
        force: Build even if the plan is there.

    Raises:
        EngineError: The builder failed, or others may write to the cache folder.
    """
    say = on_build or (lambda _: None)
    identity = identify(model, nvidia, device, precision)
    path = cache_folder() / plan_name(model, precision, identity)
    with locked(path, say):
        try:
            if not force:
                return _read(path, identity)
            reason = "asked for"
        except _UnusableError as error:
            reason = str(error)
        say(_announcement(model, nvidia, precision, reason))
        # Where the library can build for other GPUs too, it is told which one this is.
        targets = [device.compute_capability] if nvidia.capabilities else []
        try:
            built = build(model, nvidia, precision, targets, progress)
        except BuildError as error:
            raise _with_log(error, path.with_suffix(".log")) from error
        kept = keep(built, identity, path, say)
        if deleted := delete_unused(path.parent):
            say(f"deleted engines not loaded for {UNUSED_DAYS} days: {', '.join(deleted)}")
        return kept


def identify(
    model: Model, nvidia: NvidiaModule, device: DeviceInfo, precision: str
) -> dict[str, Any]:
    """Everything that a plan depends on, as JSON knows it."""
    # TensorRT for RTX builds for a kind of GPU; its kernels are finished where the plan is loaded.
    place = {} if nvidia.capabilities else {"gpu": device.name, "driver": device.driver}
    identity = {
        "format": FORMAT,
        "model": model.name,
        "onnx_sha256": sha256(model.path(precision)),
        "library": nvidia.name,
        "version": nvidia.version,
        "compute_capability": device.compute_capability,
        **place,
        "precision": precision,
        "profiles": [asdict(profile) for profile in PROFILES],
    }
    return json.loads(json.dumps(identity))


def plan_name(model: Model, precision: str, identity: Mapping[str, Any]) -> str:
    """The file name of a plan."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return f"{model.name}-{precision}-{digest[:16]}.plan"


def keep(built: BuiltEngine, identity: dict[str, Any], path: Path, say: Notice) -> CachedPlan:
    """Write a built engine, its sidecar and NVIDIA's log; where that fails, say so and go on."""
    sidecar = {
        "identity": identity,
        "size": len(built.plan),
        "sha256": hashlib.sha256(built.plan).hexdigest(),
        "seconds": round(built.seconds, 2),
        "kernels": [list(names) for names in built.kernels],
        "scratch_bytes": list(built.scratch_bytes),
        "warnings": built.warnings,
    }
    try:
        _write_log(path.with_suffix(".log"), built.log)
        write_atomically(path, built.plan)
        _write_sidecar(path, sidecar)  # last: a plan without it is not there
    except OSError as error:
        say(f"the engine cannot be kept ({error}); it will be built again at the next start")
        return CachedPlan(None, built.plan, sidecar)
    return CachedPlan(path, built.plan, sidecar)


def _told(device: DeviceInfo) -> list[str]:
    return [device.name, device.driver]


class _UnusableError(Exception):
    """A plan is not there or must not be used; the text says why, as a clause."""


def _read(path: Path, identity: Mapping[str, Any]) -> CachedPlan:
    try:
        sidecar = json.loads(_sidecar_path(path).read_bytes())
        plan = path.read_bytes()
    except FileNotFoundError:
        raise _UnusableError("none is in the cache") from None
    except (OSError, ValueError) as error:
        raise _UnusableError(f"the one in the cache cannot be read: {error}") from error
    if not isinstance(sidecar, dict) or sidecar.get("identity") != identity:
        raise _UnusableError("the one in the cache is of something else")
    if hashlib.sha256(plan).hexdigest() != sidecar.get("sha256"):
        raise _UnusableError("the one in the cache is damaged")
    mark_used(path)
    return CachedPlan(path, plan, sidecar)


def _announcement(model: Model, nvidia: NvidiaModule, precision: str, reason: str) -> str:
    return (
        f"building the {precision} engine of {model.name} with {nvidia.name} {nvidia.version} "
        f"({reason}); this happens once and takes from seconds to some minutes. "
        "`lfm build-engine` does it beforehand"
    )


def _with_log(error: BuildError, path: Path) -> EngineError:
    """The error, with the place where NVIDIA's log is."""
    try:
        _write_log(path, error.log)
    except OSError:
        return error
    return EngineError(f"{error}; all that it said is in {path}")


def _write_log(path: Path, log: Sequence[Entry]) -> None:
    write_atomically(path, "\n".join(map(str, log)).encode())


def _write_sidecar(path: Path, sidecar: dict[str, Any]) -> None:
    write_atomically(_sidecar_path(path), json.dumps(sidecar, indent=1).encode())


def _sidecar_path(path: Path) -> Path:
    return path.with_suffix(".json")
