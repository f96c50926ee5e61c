"""What a run says while it trains: a progress bar, ``log.jsonl`` and TensorBoard."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

LEGEND = (
    "shown while it runs: errors on the training views, which are noisy and partly hidden, in per "
    "cent of the object's radius: `aligned` after Procrustes alignment (root mean square), "
    "`camera` in the camera's frame (mean)"
)


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
        if "procrustes" in values:
            self._bar.set_postfix_str(_in_per_cent(values))

    def note(self, samples: int, text: str) -> None:
        """Note a sentence, and show it."""
        self._append({"samples": samples, "time": time.time(), "note": text})
        self.say(text)

    def say(self, text: str) -> None:
        """Show something, and note it nowhere."""
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


def _in_per_cent(values: dict[str, float]) -> str:
    """The terms of the loss as ``LEGEND`` has them; that of the alignment is a square."""
    shown = {"aligned": math.sqrt(values["procrustes"]), "camera": values.get("camera")}
    return ", ".join(f"{name} {100 * v:.1f} %" for name, v in shown.items() if v is not None)
