"""Debian packages: what is missing, and installing it as root or with sudo."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools.bootstrap.child import run_logged
from tools.bootstrap.report import Stop, step

# apt's own wait for another apt, so that a busy package database is not an error at once.
APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0")


def _is_debians_python() -> bool:
    return sys.base_prefix == "/usr" and shutil.which("apt-get") is not None


def _python_package(suffix: str) -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-{suffix}"


def missing_for_venv() -> list[str]:
    """Debian packages without which ``python3 -m venv`` cannot work."""
    return [] if importlib.util.find_spec("ensurepip") else [_python_package("venv")]


def missing_for_building() -> list[str]:
    """Debian packages without which a ROS interface package cannot be compiled."""
    headers = Path(sysconfig.get_path("include"), "Python.h").is_file()
    compiler = shutil.which("g++") or shutil.which("c++")
    return ([] if compiler else ["g++"]) + ([] if headers else [_python_package("dev")])


def missing_for_viewer_test() -> list[str]:
    """Debian packages without which the viewer's page cannot be opened in a test."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return [] if any(shutil.which(name) for name in names) else ["chromium"]


def install(packages: list[str], purpose: str) -> str | None:
    """Install Debian packages.

    Args:
        packages: Package names; none is fine.
        purpose: What they are for, for the progress line.

    Returns:
        None when they are installed, otherwise the reason why not, as a clause.
    """
    if not packages:
        return None
    names = " ".join(packages)
    if any(name.startswith("python3") for name in packages) and not _is_debians_python():
        return f"{sys.executable} is not Debian's Python, so apt cannot complete it ({names})"
    rights = _rights()
    if rights is None:
        return f"{names} missing and no right to install (as root: apt-get install {names})"
    with step(f"Debian packages for {purpose}: {names}"):
        run_logged([*rights, *APT, "update"], "apt-update.log")
        options = ["install", "-y", "--no-install-recommends"]
        done, _ = run_logged([*rights, *APT, *options, *packages], "apt-install.log")
    return None if done else f"apt-get install {names} failed"


def require(packages: list[str], purpose: str) -> None:
    """Install Debian packages, or stop with the reason."""
    reason = install(packages, purpose)
    if reason:
        raise Stop(f"{purpose} cannot be had: {reason}.")


def _rights() -> list[str] | None:
    """The prefix that makes a command root, or None where there is no way to be root."""
    if shutil.which("apt-get") is None:
        return None
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return quiet
    if shutil.which("sudo") is None:
        return None
    # -v asks for the password on a terminal; without a terminal -n refuses instead of hanging.
    ask = ["sudo", "-v"] if sys.stdin.isatty() else ["sudo", "-n", "true"]
    allowed = subprocess.run(ask, capture_output=not sys.stdin.isatty(), check=False)
    return ["sudo", *quiet] if allowed.returncode == 0 else None
