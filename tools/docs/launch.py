"""``docs/launch.md``: the launch files and their arguments."""

from __future__ import annotations

import ast
from pathlib import Path

from lfm_ros.ros.launch_arguments import LAUNCH_FILES, LIFTER, Argument
from tools.docs.markdown import code, head, table

_LAUNCH = Path(__file__).resolve().parents[2] / "launch"


def page() -> str:
    about = (
        "Every file takes the arguments of `lifter.launch.py` too, but for those that it sets\n"
        "itself, and prints what it takes with `--show-args`."
    )
    parts = [head("Launch files", "`launch/` and `lfm_ros/ros/launch_arguments.py`", about)]
    for file, arguments in LAUNCH_FILES.items():
        told = ast.get_docstring(ast.parse((_LAUNCH / file).read_text())) or ""
        own = {n: a for n, a in arguments.items() if arguments is LIFTER or LIFTER.get(n) is not a}
        parts.append(f"## {file}\n\n{told.replace('``', '`')}\n\n{_table(own)}")
    return "\n".join(parts)


def _table(arguments: dict[str, Argument]) -> str:
    rows = []
    for name, one in arguments.items():
        default = "required" if one.default is None else code(one.default) if one.default else ""
        choices = f" [{' or '.join(one.choices)}]" if one.choices else ""
        rows.append((code(name), default, one.description + choices))
    return table(("argument", "default", ""), rows)
