"""The few forms of Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def head(title: str, source: str, about: str) -> str:
    """Title, where to change what the page says, and what it is about."""
    note = f"<!-- Written by `python -m tools.docs` from {source}: change it there. -->"
    return f"{note}\n# {title}\n\n{about}\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(columns), _row("---" for _ in columns)]
    return "\n".join([*lines, *map(_row, rows)]) + "\n"


def code(text: str) -> str:
    return f"`{text}`"


def _row(cells: Iterable[str]) -> str:
    # A bar in a cell would begin another one, and tags would vanish.
    clean = (cell.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ") for cell in cells)
    return "| " + " | ".join(clean) + " |"
