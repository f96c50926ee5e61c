"""Compare ways of lifting: ``python -m training.compare --data DIR --output FILE.json``.

Every entry is trained on the same sets with the same kind of random views and judged on the same
views of held-out sequences. Each finished training is a line of ``FILE.jsonl``; an interrupted
comparison goes on behind the last one. ``FILE.json`` and ``FILE.md`` are written from these lines.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from tqdm import tqdm

from lfm_ros.core.errors import InputError
from training.command import options_of, sentences
from training.peers.bench import Bench, load
from training.peers.entries import KINDS
from training.peers.measure import measure, megaflop
from training.peers.peer import Entry, Peer, Task
from training.peers.table import Record, averages, table


@dataclass(frozen=True)
class CompareConfig:
    """What to compare."""

    data: Path
    """Folder of pose sets."""
    output: Path
    """The result, a .json file; its .jsonl and .md, and a folder of weights, stand beside it."""
    what: Literal["peers", "order", "ablations", "curve"] = "peers"
    only: tuple[str, ...] = ()
    """Names of the entries to run; all if left out."""
    sets: Literal["humans", "twelve", "all"] = "twelve"
    budget: int = 600_000
    """Poses that each network sees; peers with one network per category see as many for each."""
    seeds: int = 2
    threads: int = 1


@dataclass(frozen=True)
class Line:
    """One training: what makes it differ from the others."""

    entry: str
    sets: str
    budget: int
    seed: int

    def is_of(self, record: Record) -> bool:
        """Whether the record is the result of this training."""
        return asdict(self).items() <= record.items()


def compare(config: CompareConfig) -> list[Record]:
    """Run what is not in the file yet; returns every record in it."""
    if config.output.suffix != ".json":
        raise InputError(f"--output is {config.output}; give it the suffix .json")
    config.output.parent.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    entries = chosen(config)
    done = config.output.with_suffix(".jsonl")
    with tempfile.TemporaryDirectory() as temporary:
        bench = load(config.data, config.sets, Path(temporary))
        for line in lines(config, list(entries)):
            if any(line.is_of(record) for record in read(done)):
                continue
            record = run(line, entries[line.entry], bench, config.output.with_suffix(""))
            with done.open("a") as file:
                file.write(json.dumps(record) + "\n")
            _write(config.output, read(done))
    return read(done)


def chosen(config: CompareConfig) -> dict[str, Entry]:
    """The entries to run."""
    entries = KINDS[config.what]
    unknown = [name for name in config.only if name not in entries]
    if unknown:
        raise InputError(f"--only {unknown}: not among {config.what}; use some of {list(entries)}")
    return {name: entries[name] for name in config.only or entries}


def lines(config: CompareConfig, names: list[str]) -> Iterator[Line]:
    """Every training in the order in which they run: a whole table before the next seed."""
    for seed in range(config.seeds):
        for part in (8, 4, 2, 1) if config.what == "curve" else (1,):
            for name in names:
                yield Line(name, config.sets, config.budget // part, seed)


def read(path: Path) -> list[Record]:
    """The records of a .jsonl file; none if there is no such file."""
    return [json.loads(row) for row in path.read_text().splitlines()] if path.exists() else []


def run(line: Line, entry: Entry, bench: Bench, folder: Path) -> Record:
    """Train one peer, and measure it on both parts of the data."""
    own = folder / "-".join(str(part) for part in asdict(line).values()).replace(" ", "_")
    worked = time.process_time()
    peer = entry.build(Task(bench.train, bench.folder, own, line.budget, line.seed))
    before = peer.samples
    train(peer, line)
    worked = time.process_time() - worked
    # A training that goes on from an earlier call has cost that call its share.
    share = peer.samples / max(peer.samples - before, 1) if peer.samples else 1.0
    return {
        **asdict(line),
        "told": entry.told,
        "samples": peer.samples,
        "parameters": peer.parameters,
        "mflop": megaflop(peer, bench.validation),
        "core_seconds": worked * share,
        "validation": measure(peer, bench.validation),
        "train": measure(peer, {name: bench.train[name] for name in bench.validation}),
    }


def train(peer: Peer, line: Line) -> None:
    """Let it see all that it may see."""
    about = f"{line.entry} ({line.seed})"
    with tqdm(total=peer.left, desc=about, unit="pose", unit_scale=True, mininterval=1) as bar:
        while peer.left:
            before = peer.samples
            peer.step()
            bar.update(peer.samples - before)


def _write(path: Path, records: list[Record]) -> None:
    result = [{**record, "averages": averages(record)} for record in records]
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".md").write_text(table(records) + "\n")


def main() -> None:
    """Read the command line, compare and print the table."""
    config = options_of("training.compare", CompareConfig, __doc__)
    with sentences():
        print(table(compare(config)))
    print(f"-> {config.output}")


if __name__ == "__main__":
    main()
