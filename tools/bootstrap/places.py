"""Where things lie: the checkout, its virtual environment, and what the bootstrap keeps in it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# A folder of our own inside .venv marks it as made here: only such a .venv is ever replaced.
KEPT = VENV / "lfm_ros_bootstrap"
STAMPS = KEPT / "stamps"
LOGS = KEPT / "log"
