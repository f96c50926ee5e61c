"""What can be set about a run; stored beside its weights as it was given."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError
from training.cameras import ViewConfig
from training.data.sampler import SamplerConfig

SHIPPED = Path(__file__).parent / "weights"
#: Stands for the poses of our own kinematics, where a folder of poses is asked for.
BUILTIN = "builtin"
_PREFIX = "lfm_"
# Settings that say what is learnt; the others say how.
_LEARNT = ("data", "urdf", "links", "invented", "init", "teacher")
_VALIDATIONS, _LONGEST_PERIOD = 5, 200_000


@dataclass(frozen=True)
class TrainConfig:
    """How to train."""

    data: str = BUILTIN
    """Folder of pose sets, or 'builtin' for the poses of our own kinematics."""
    urdf: Path | None = None
    """A robot's URDF to train on instead of ``data``, as it is: no other bodies or rigs."""
    links: str = ""
    """Its links that are keypoints, comma separated; empty chooses."""
    invented: int = 0
    """Random designs of objects, and fewer of animals and hands, to train on beside the sets of a
    folder: hundreds for a network that is to know what it never saw, none for your own objects."""
    run: Path = Path("runs/base")
    """Where weights, logs and the state for resuming go."""
    model: str = "base"
    """One of the presets in training/model.py: tiny, base, large, paper."""
    init: str | None = None
    """Weights to start from, for fine-tuning: a run, or the name of shipped ones ('base')."""
    finetune: float = 1.0
    """Factor on both learning rates where ``init`` is given."""
    teacher: str | None = None
    """A network to learn from beside the truth: a run, or the name of shipped weights."""
    teacher_weight: float = 1.0
    """Weight of the distance to what the teacher says."""
    samples: int = 2_000_000
    """Poses to see in all, over every continuation and every process."""
    minutes: float = math.inf
    """Stop after so many minutes of this call; the next one goes on from there."""
    muon_rate: float = 0.007
    """Learning rate of Muon, for the matrices of the blocks."""
    adamw_rate: float = 1e-3
    """Learning rate of AdamW, for everything else."""
    warmup: int = 50_000
    """Samples until the full rate; a tenth of ``samples`` if that is less."""
    cooldown: float = 0.2
    """Share of the samples at the end over which the rate falls to zero."""
    average: float = 0.999
    """Decay of the moving average of the weights, a step."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    save_every: float = 120.0
    """Seconds between checkpoints."""
    validate_every: int = 0
    """Samples between validations; 0: a fifth of ``samples``, at most 200,000. The end is one."""
    device: str = "auto"
    """auto, cpu or cuda; auto takes a GPU where there is one."""
    threads: int = 0
    """CPU threads; 0: what OMP_NUM_THREADS says, else one a core, at most 4."""
    workers: int = 0
    """Processes that draw batches ahead; with any, a run resumes no longer to the bit."""
    bf16: bool = True
    """Multiply in bfloat16; without, a CPU that lacks it may be faster."""
    graphs: bool = False
    """Capture the gradient as CUDA graphs: for small networks on a fast GPU."""
    compile: bool = False
    """Compile the network: 5 % more on a CPU once the minutes that it takes are over."""
    seed: int = 0
    views: ViewConfig = field(default_factory=ViewConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)

    def __post_init__(self) -> None:
        for name in ("invented", "threads", "workers", "validate_every"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; give 0 or more")
        if self.samples < 1:
            raise InputError(f"samples is {self.samples}; give at least 1")
        if self.urdf is None and self.links:
            raise InputError(f"links are {self.links!r}, but of no robot; give --urdf, too")
        if self.urdf is not None and self.data != BUILTIN:
            raise InputError(
                f"both --urdf {self.urdf} and --data {self.data} are given, of which one can be "
                "trained on; leave one out"
            )

    @property
    def validation_period(self) -> int:
        """Samples between validations."""
        return self.validate_every or max(1, min(_LONGEST_PERIOD, self.samples // _VALIDATIONS))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, stored beside the weights."""
        return json.loads(json.dumps(asdict(self), default=str))

    def changes(self, before: dict[str, Any]) -> list[str]:
        """What this asks a network to learn that ``before`` did not, one clause each.

        Args:
            before: What ``as_dict`` was when the run was saved.
        """
        now = self.as_dict()
        asked = [name for name in _LEARNT if name in before and now[name] is not None]
        return [
            f"{name} {before[name]!r} -> {now[name]!r}"
            for name in asked
            if now[name] != before[name]
        ]


def weights_of(name: str) -> Path:
    """The folder of a run, or of shipped weights: ``base`` is ``training/weights/lfm_base``.

    Raises:
        InputError: There is neither.
    """
    shipped = SHIPPED / f"{_PREFIX}{name.removeprefix(_PREFIX)}"
    for folder in (Path(name), shipped):
        if folder.is_dir():
            return folder
    names = sorted(p.name.removeprefix(_PREFIX) for p in SHIPPED.glob(f"{_PREFIX}*"))
    raise InputError(
        f"{name!r} is neither the folder of a run nor the name of shipped weights; "
        f"give a folder that training.train wrote, or one of {names}"
    )
