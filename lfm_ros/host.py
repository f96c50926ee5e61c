"""What this computer is: processor, memory, GPU, Jetson board. Standard library only.

Everything is read from files below ``root``, so that a test can show it another computer. What a
computer does not say is an empty string or zero; nothing here raises.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

#: Instruction sets that decide how fast a network runs, as /proc/cpuinfo spells them.
_SETS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "asimddp", "sve")
# On the PCI bus: the vendor, and how the class of whatever computes or shows pictures begins.
_NVIDIA, _DISPLAY = "0x10de", "0x03"


@dataclass(frozen=True)
class Host:
    """A computer, seen through its files.

    Attributes:
        root: Where its file system begins.
    """

    root: Path = Path("/")

    def text(self, path: str) -> str:
        """Content of a file, empty where there is none; NUL bytes of device trees are cut."""
        try:
            return (self.root / path).read_text(errors="replace").replace("\0", "").strip()
        except OSError:
            return ""

    @property
    def board(self) -> str:
        """What the device tree calls the board, e.g. of a Jetson; empty on most computers."""
        return self.text("proc/device-tree/model")

    @property
    def jetson_release(self) -> str:
        """Release of Jetson Linux as ``36.4.3``; empty where this is no Jetson."""
        found = re.search(r"R(\d+)[^,]*,\s*REVISION:\s*([\d.]+)", self.text("etc/nv_tegra_release"))
        return f"{found[1]}.{found[2]}" if found else ""

    @property
    def is_jetson(self) -> bool:
        """Whether this is one of NVIDIA's boards with the GPU beside the CPU."""
        return bool(self.jetson_release) or bool(re.search(r"Jetson|Tegra|Orin|Thor", self.board))

    @property
    def system(self) -> str:
        """Name and version of the distribution, else of the kernel."""
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)', self.text("etc/os-release"), re.MULTILINE)
        return found[1] if found else platform.platform()

    @property
    def architecture(self) -> str:
        """``x86_64``, ``aarch64``."""
        return platform.machine()

    @property
    def processor(self) -> str:
        """The processor's name, with family and model, since a cloud's name says little."""
        said = self._cpuinfo()
        name = said.get("model name") or said.get("Hardware") or self.board or platform.processor()
        kind = [f"{key} {said[key]}" for key in ("cpu family", "model") if key in said]
        return f"{name} ({', '.join(kind)})" if kind else name

    @property
    def instruction_sets(self) -> list[str]:
        """Those of the processor that matter to a network."""
        said = self._cpuinfo()
        flags = (said.get("flags") or said.get("Features", "")).split()
        return [name for name in _SETS if name in flags]

    @property
    def cores(self) -> int:
        """Cores that this process may use."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @property
    def memory_gb(self) -> float:
        """Main memory in GB."""
        found = re.search(r"^MemTotal:\s*(\d+) kB", self.text("proc/meminfo"), re.MULTILINE)
        return round(int(found[1]) * 1024 / 1e9, 1) if found else 0.0

    @property
    def driver(self) -> str:
        """Version of NVIDIA's kernel driver; empty where none is loaded."""
        found = re.search(
            r"(?:Kernel Module|x86_64|aarch64)\s+(\d+\.[\d.]+)",
            self.text("proc/driver/nvidia/version"),
        )
        return found[1] if found else ""

    @property
    def gpus(self) -> list[str]:
        """Names of the NVIDIA GPUs, with a driver or without; on a Jetson the board has it."""
        folder = self.root / "proc/driver/nvidia/gpus"
        texts = [self.text(str(p.relative_to(self.root))) for p in folder.glob("*/information")]
        names = [re.search(r"^Model:\s*(.+)$", text, re.MULTILINE) for text in sorted(texts)]
        found = [name[1].strip() for name in names if name]
        return found or ([self.board or "Jetson"] if self.is_jetson else self._on_the_bus())

    def _on_the_bus(self) -> list[str]:
        """A name for each GPU of NVIDIA's that no driver names."""
        devices = sorted((self.root / "sys/bus/pci/devices").glob("*"))
        places = [str(path.relative_to(self.root)) for path in devices]
        return [
            f"NVIDIA GPU at {Path(place).name}, without a driver"
            for place in places
            if self.text(f"{place}/vendor") == _NVIDIA
            and self.text(f"{place}/class").startswith(_DISPLAY)
        ]

    def _cpuinfo(self) -> dict[str, str]:
        pairs = (line.split(":", 1) for line in self.text("proc/cpuinfo").splitlines())
        said: dict[str, str] = {}
        for pair in pairs:
            if len(pair) == 2:
                said.setdefault(pair[0].strip(), pair[1].strip())
        return said
