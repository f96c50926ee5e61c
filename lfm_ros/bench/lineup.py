"""Who takes part: our models, the plain peer and the roof, loaded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lfm_ros.bench import contender as contenders
from lfm_ros.bench import plain_networks
from lfm_ros.bench.contender import Contender
from lfm_ros.bench.plan import Measured, Plan
from lfm_ros.bench.roof import Roof, find_roof
from lfm_ros.core.errors import LfmError
from lfm_ros.engines.base import Engine
from lfm_ros.engines.select import BACKENDS, create_engine
from lfm_ros.lifter import Lifter

#: A twentieth of the time of one contender at one size is enough to choose a product.
_ROOF_SHARE = 0.05


@dataclass(frozen=True)
class Lineup:
    """All that is measured side by side.

    Attributes:
        lifters: Our models with their names.
        peers: The plain network in each runtime, by its number of keypoints.
        roofs: The fastest product of each width.
    """

    lifters: Sequence[tuple[str, Lifter]]
    peers: dict[int, list[Engine]]
    roofs: Sequence[Roof]

    def ready(self, count: int, keypoints: int, notes: list[str]) -> list[Contender]:
        """Those who can do this size; each has been called once."""
        ready: list[Contender] = []
        for make in self._makers(count, keypoints):
            try:
                for one in make():
                    one.call()
                    ready.append(one)
            except LfmError as error:
                notes.append(f"{count}x{keypoints}: {error}")
        return ready

    def _makers(self, count: int, keypoints: int) -> Iterator[Callable[[], Sequence[Contender]]]:
        for name, lifter in self.lifters:
            yield lambda name=name, lifter=lifter: contenders.ours(name, lifter, count, keypoints)
        for engine in self.peers.get(keypoints, []):
            yield lambda engine=engine: [contenders.peer(engine, count, keypoints)]


def backends(wanted: Sequence[str]) -> dict[str, str | None]:
    """Every runtime, and why it is not measured; None if it is.

    Raises:
        LfmError: A name is not known, or none of them can run here.
    """
    unknown = sorted(set(wanted) - set(BACKENDS))
    if unknown:
        raise LfmError(f"backend {unknown} is not known; use some of {sorted(BACKENDS)}")
    reasons = {
        name: "not asked for" if wanted and name not in wanted else backend.unavailable()
        for name, backend in BACKENDS.items()
    }
    if all(reasons.values()):
        said = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise LfmError(f"no backend can be measured here: {said}")
    return reasons


def line_up(plan: Plan, found: Measured, folder: Path, stack: ExitStack) -> Lineup:
    """Load everything; ``stack`` gives it back.

    Raises:
        LfmError: None of the models runs.
    """
    chosen = [name for name, reason in found.backends.items() if reason is None]
    lifters = _lifters(plan, chosen, found.notes, stack)
    reason = plain_networks.unavailable()
    if reason is not None:
        found.notes.append(reason)
        return Lineup(lifters, {}, [])
    peers = {k: _peers(plan, chosen, folder, k, found.notes, stack) for k in plan.keypoints}
    return Lineup(lifters, peers, _roofs(plan, lifters, folder, found.notes, stack))


def _lifters(
    plan: Plan, chosen: Sequence[str], notes: list[str], stack: ExitStack
) -> list[tuple[str, Lifter]]:
    made: list[tuple[str, Lifter]] = []
    for model in plan.models:
        for backend in chosen:
            try:
                lifter = Lifter.from_pretrained(model, backend, threads=plan.threads)
            except LfmError as error:
                notes.append(f"{model} on {backend}: {error}")
                continue
            made.append((model, stack.enter_context(lifter)))
    if not made:
        raise LfmError(f"no runtime can run {list(plan.models)}: {'; '.join(notes)}")
    return made


def _peers(
    plan: Plan,
    chosen: Sequence[str],
    folder: Path,
    keypoints: int,
    notes: list[str],
    stack: ExitStack,
) -> list[Engine]:
    model, engines = plain_networks.residual_mlp(folder, keypoints), []
    for backend in chosen:
        try:
            engine, _ = create_engine(model, backend, plan.threads)
        except LfmError as error:
            notes.append(f"the peer on {backend}: {error}")
            continue
        stack.callback(engine.close)
        engines.append(engine)
    return engines


def _roofs(
    plan: Plan,
    lifters: Sequence[tuple[str, Lifter]],
    folder: Path,
    notes: list[str],
    stack: ExitStack,
) -> list[Roof]:
    on_cpu = [lifter for _, lifter in lifters if BACKENDS[lifter.engine.name].on_cpu]
    shapes = [lifter.model.manifest.get("architecture") for lifter in on_cpu]
    widths = {shape["width"]: shape["mlp_ratio"] for shape in shapes if shape}
    seconds = _ROOF_SHARE * plan.seconds
    try:
        return [
            find_roof(width, ratio, plan.threads, folder, seconds, stack)
            for width, ratio in sorted(widths.items())
        ]
    except LfmError as error:
        notes.append(f"no roof: {error}")
        return []
