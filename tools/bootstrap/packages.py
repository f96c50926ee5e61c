"""Python packages: pip runs quietly, and its failures become one sentence."""

from __future__ import annotations

import re
from pathlib import Path

from tools.bootstrap.child import run_logged
from tools.bootstrap.places import LOGS, PYTHON, ROOT
from tools.bootstrap.report import Stop

CAUSES = (
    (r"No space left on device", "the disk is full"),
    (
        r"NewConnectionError|NameResolutionError|Temporary failure in name resolution|"
        r"Network is unreachable|Connection refused|ConnectTimeout|ProxyError|Connection aborted",
        "the package index cannot be reached (is there a network?)",
    ),
)
CONFLICT = "ResolutionImpossible"
NO_SUCH = re.compile(r"No matching distribution found for (\S+)")


def pip_install(arguments: list[str], log: str, env: dict[str, str]) -> None:
    """Install Python packages into ``.venv``.

    Args:
        arguments: What stands behind ``pip install``.
        log: Name of the log file.
        env: Environment variables.

    Raises:
        Stop: pip failed; the message names the cause and the log.
    """
    # pip's own log is complete even where its output is quiet, and has the cause of a failure.
    full = LOGS / log
    full.unlink(missing_ok=True)
    pip = [PYTHON, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "--log", full]
    done, printed = run_logged([*pip, "install", *arguments], f"{log}.out", env, ROOT)
    if not done:
        said = full.read_text(errors="replace") if full.is_file() else printed
        raise Stop(f"pip could not install what is needed: {cause(said)}. {shown(full)}")


def cause(log: str) -> str:
    """The cause of a failure, as a clause, from pip's log."""
    for pattern, clause in CAUSES:
        if re.search(pattern, log):
            return clause
    missing = NO_SUCH.search(log)
    if missing:
        return f"the package index has no package {missing.group(1)} for this Python and machine"
    # pip's resolver fails the same way for a package that does not exist, hence only now.
    return "the wanted versions exclude each other" if CONFLICT in log else "see the end of the log"


def shown(log: Path) -> str:
    """Where the details are, relative to the checkout."""
    return f"Details: {log.relative_to(ROOT)}"


def held_numpy(version: str) -> str:
    """The numpy that fits a sourced ROS 2.

    Its compiled messages need the major version they were built for. pip keeps the installed one
    and goes up within that major only where another package asks for it.
    """
    major = int(version.split(".")[0])
    return f"numpy>={version},<{major + 1}\n"
