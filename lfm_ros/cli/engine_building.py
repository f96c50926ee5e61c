"""Building an engine with somebody watching: progress, what came out, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lfm_ros.cli.build_progress import BuildProgress
from lfm_ros.core.errors import EngineError, InputError
from lfm_ros.engines import cache, first_load, nvidia
from lfm_ros.engines.build import PRECISIONS, build
from lfm_ros.engines.cache_folder import VARIABLE, cache_folder
from lfm_ros.engines.cuda import opening
from lfm_ros.engines.profiles import PROFILES
from lfm_ros.models import DEFAULT, Model, load_model


@dataclass(frozen=True)
class BuildOptions:
    """What to build.

    Attributes:
        model: Name of a model, or path of its folder.
        module: ``tensorrt``, ``tensorrt_rtx``, or None for the first that is there.
        precision: ``fp16`` or ``fp32``.
        targets: Compute capabilities to build for ahead of time; empty: for this computer's GPU.
        output: File for one engine for all targets; None: the cache, where the node finds them.
        force: Build even if it is there.
    """

    model: str = DEFAULT
    module: str | None = None
    precision: str = PRECISIONS[0]
    targets: tuple[nvidia.Capability, ...] = ()
    output: Path | None = None
    force: bool = False


def build_engine(options: BuildOptions) -> list[Path]:
    """Build engines, showing progress, and print what they are.

    Returns:
        The engines' files.

    Raises:
        LfmError: No library, no GPU, no such model, the build failed, or nothing can be written.
    """
    model, library = load_model(options.model), nvidia.find(options.module)
    if options.output is not None:
        return [_into_file(options, model, library, options.output)]
    if options.targets:
        return _for_others(options, model, library)
    return [_here(options, model, library)]


def _into_file(
    options: BuildOptions, model: Model, library: nvidia.NvidiaModule, path: Path
) -> Path:
    if not options.targets:
        raise InputError(
            "--output is for an engine built ahead of time: name the GPU it is for with "
            "--compute-capability. An engine for this computer's GPU goes into the cache"
        )
    if path.suffix in (".json", ".log"):
        raise InputError(f"{path} is where the engine's description goes; name it {path.stem}.plan")
    if path.exists() and not options.force:
        raise InputError(f"{path} exists; give --force to replace it")
    with BuildProgress() as display:
        display.say(f"building for compute capability {nvidia.dotted(options.targets)}")
        built = build(model, library, options.precision, options.targets, display.show)
    anywhere = cache.DeviceInfo("any", options.targets[0], "any")
    identity = cache.identify(model, library, anywhere, options.precision)
    identity["compute_capability"] = [list(target) for target in options.targets]
    kept = cache.keep(built, identity, path, print)
    if kept.path is None:
        raise InputError(f"{path} cannot be written; name another file with --output")
    _print(kept, library)
    return path


def _for_others(options: BuildOptions, model: Model, library: nvidia.NvidiaModule) -> list[Path]:
    """An engine for each GPU, where the node will look for it; tried on the node's first start."""
    library.require(options.targets)
    gpus = [cache.DeviceInfo("any", target, "any") for target in options.targets]
    return [_kept(options, model, library, gpu) for gpu in gpus]


def _here(options: BuildOptions, model: Model, library: nvidia.NvidiaModule) -> Path:
    try:
        device = opening.open_device()
    except EngineError as error:
        others = nvidia.dotted(library.capabilities or ())
        ahead = f"; or build for other GPUs with --compute-capability, of {others}"
        raise EngineError(f"{error}{ahead if others else ''}") from error
    gpu = cache.DeviceInfo(device.name, device.compute_capability, device.driver)
    try:
        path = _kept(options, model, library, gpu)
    finally:
        device.close()
    # As the node does at its start: load it, and compare with the model's own outputs.
    first_load.open_engine(model, library.name, print).close()
    return path


def _kept(
    options: BuildOptions, model: Model, library: nvidia.NvidiaModule, gpu: cache.DeviceInfo
) -> Path:
    """The plan in the cache, built if need be."""
    with BuildProgress() as display:
        plan = cache.load_or_build(
            model,
            library,
            gpu,
            options.precision,
            display.say,
            progress=display.show,
            force=options.force,
        )
    if plan.path is None:
        raise InputError(
            f"{cache_folder()} cannot be written, so no engine was kept; name a folder in "
            f"{VARIABLE}, here and where the node runs"
        )
    _print(plan, library)
    return plan.path


def _print(plan: cache.CachedPlan, library: nvidia.NvidiaModule) -> None:
    about = plan.sidecar
    print(
        f"{about['identity']['model']} {about['identity']['precision']}: "
        f"{len(plan.bytes) / 1e6:.1f} MB, built in {about['seconds']:.0f} s with "
        f"{library.name} {library.version}"
    )
    for index, profile in enumerate(PROFILES):
        low, high = profile.lowest, profile.highest
        sizes = f"{low.batch}..{high.batch} x {low.keypoints}..{high.keypoints} keypoints"
        print(f"  {profile.name:27}{sizes:31}{_cost(about, index)}")
    for warning in about["warnings"]:
        print(f"  warning: {warning}")
    print(f"  {plan.path}\n  kernels and sizes beside it in .json, NVIDIA's log in .log")


def _cost(about: dict[str, Any], profile: int) -> str:
    kernels, scratch = about["kernels"], about["scratch_bytes"]
    parts = []
    if profile < len(kernels):
        fused = sum("mha" in name for name in kernels[profile])
        parts.append(f"{len(kernels[profile])} kernels, {fused} of them attention")
    if profile < len(scratch):
        parts.append(f"{scratch[profile] / 2**20:.0f} MiB of scratch memory")
    return ", ".join(parts)
