"""What a run says while it trains: a progress bar, ``log.jsonl`` and TensorBoard."""

from __future__ import annotations

import json
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

_SHOWN = ("procrustes", "camera")


class RunLog:
    """The log of one run; silent in all processes but the first.

    Args:
        folder: The run's.
        total: Samples to see in all.
        done: Samples seen before.
        silent: Whether to say nothing.
    """

    def __init__(self, folder: Path, total: int, done: int, silent: bool) -> None:
        self._file = folder / "log.jsonl"
        self._bar = tqdm(total=total, initial=done, unit="pose", unit_scale=True, disable=silent)
        self._writer = None if silent else SummaryWriter(str(folder))

    def advance(self, samples: int) -> None:
        """Move the bar."""
        self._bar.update(samples)

    def values(self, samples: int, values: dict[str, float]) -> None:
        """Note figures after so many samples."""
        self._append({"samples": samples, "time": time.time(), **values})
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, samples)
        shown = {name: f"{values[name]:.3f}" for name in _SHOWN if name in values}
        if shown:
            self._bar.set_postfix(shown)

    def note(self, samples: int, text: str) -> None:
        """Note a sentence, and show it."""
        self._append({"samples": samples, "time": time.time(), "note": text})
        if self._writer is not None:
            self._bar.write(text)

    def close(self) -> None:
        """End the bar and the files."""
        self._bar.close()
        if self._writer is not None:
            self._writer.close()

    def _append(self, entry: dict[str, float | str]) -> None:
        if self._writer is not None:
            with self._file.open("a") as file:
                file.write(json.dumps(entry) + "\n")
