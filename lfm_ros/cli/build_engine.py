"""``lfm build-engine``: build the TensorRT engine before a robot's first start needs it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import EngineError, InputError
from lfm_ros.engines import cache, first_load, nvidia
from lfm_ros.engines.build import PRECISIONS, build
from lfm_ros.engines.cuda import opening
from lfm_ros.engines.profiles import PROFILES
from lfm_ros.models import DEFAULT, Model, load_model

_DESCRIPTION = """Build the TensorRT engine of a model. Without --compute-capability for the GPU of
this computer, into the cache where the node finds it, and then tried on the model's golden batch.
With it for another GPU, into a file (TensorRT for RTX only, no GPU needed)."""
_EVERY_S = 5.0


@dataclass(frozen=True)
class BuildOptions:
    """What to build.

    Attributes:
        model: Name of a model, or path of its folder.
        module: ``tensorrt``, ``tensorrt_rtx``, or None for the first that is there.
        precision: ``fp16`` or ``fp32``.
        targets: Compute capabilities to build for ahead of time; empty: for this computer's GPU.
        output: File for that engine, or None for a name of its own in this folder.
        force: Build even if the cache has it.
    """

    model: str = DEFAULT
    module: str | None = None
    precision: str = PRECISIONS[0]
    targets: tuple[nvidia.Capability, ...] = ()
    output: Path | None = None
    force: bool = False


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "build-engine", help="build a TensorRT engine beforehand", description=_DESCRIPTION
    )
    parser.add_argument("--model", default=DEFAULT, help=f"name, or path of a folder ({DEFAULT})")
    parser.add_argument("--module", choices=nvidia.NAMES, help="(the first that is installed)")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="(fp16)")
    parser.add_argument(
        "--compute-capability",
        type=capability,
        nargs="+",
        default=(),
        metavar="N.N",
        help="build one file for these GPUs without having them, such as 8.6 8.9 12.0",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="file of that engine")
    parser.add_argument("--force", action="store_true", help="build even if it is there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build, and print what came out."""
    build_engine(
        BuildOptions(
            options.model,
            options.module,
            options.precision,
            tuple(options.compute_capability),
            options.output,
            options.force,
        )
    )
    return 0


def build_engine(options: BuildOptions) -> Path | None:
    """Build an engine, showing progress, and print what it is.

    Returns:
        The engine's file; None where the cache could not be written.

    Raises:
        LfmError: No library, no GPU, no such model, or the build failed.
    """
    model, library = load_model(options.model), nvidia.find(options.module)
    if options.targets:
        return _ahead(options, model, library)
    if options.output is not None:
        raise InputError(
            "--output is for an engine built ahead of time: name the GPU it is for with "
            "--compute-capability. An engine for this computer's GPU goes into the cache"
        )
    return _here(options, model, library)


def capability(text: str) -> nvidia.Capability:
    """A compute capability from its usual form, ``8.9``."""
    found = re.fullmatch(r"(\d+)\.(\d)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 8.9")
    return int(found.group(1)), int(found.group(2))


def _ahead(options: BuildOptions, model: Model, library: nvidia.NvidiaModule) -> Path:
    suffix = "-".join(f"sm{major}{minor}" for major, minor in options.targets)
    path = options.output or Path(f"{model.name}-{options.precision}-{suffix}.plan")
    if path.suffix in (".json", ".log"):
        raise InputError(f"{path} is where the engine's description goes; name it {path.stem}.plan")
    if path.exists() and not options.force:
        raise InputError(f"{path} exists; give --force to replace it")
    with _Display() as display:
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


def _here(options: BuildOptions, model: Model, library: nvidia.NvidiaModule) -> Path | None:
    try:
        device = opening.open_device()
    except EngineError as error:
        others = nvidia.dotted(library.capabilities or ())
        ahead = f"; or build for other GPUs with --compute-capability, of {others}"
        raise EngineError(f"{error}{ahead if others else ''}") from error
    gpu = cache.DeviceInfo(device.name, device.compute_capability, device.driver)
    try:
        with _Display() as display:
            plan = cache.load_or_build(
                model,
                library,
                gpu,
                options.precision,
                display.say,
                progress=display.show,
                force=options.force,
            )
    finally:
        device.close()
    _print(plan, library)
    # As the node does at its start: load it, and compare with the model's own outputs.
    first_load.open_engine(model, library.name, print).close()
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
    if plan.path is not None:
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


class _Display:
    """The builder's progress: one line that is written over, or a line now and then in a log."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *_: object) -> None:
        self._erase()

    def say(self, sentence: str) -> None:
        self._erase()
        print(sentence, file=sys.stderr, flush=True)

    def show(self, phase: str, share: float) -> None:
        now = time.monotonic()
        if now - self._shown < (0.1 if self._live else _EVERY_S):
            return
        self._shown = now
        text = f"building, {now - self._began:.0f} s: {phase} {share:.0%}"
        start, end = ("\r\x1b[K", "") if self._live else ("", "\n")
        print(f"{start}{text[:100]}", end=end, file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
