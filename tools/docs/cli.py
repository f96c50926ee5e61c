"""``docs/cli.md``: the command ``lfm``, from its own parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lfm_ros.cli.command import parser
from tools.docs.markdown import code, head, table


def page() -> str:
    whole = parser()
    about = f"{whole.description} Works without ROS, but for `lfm demo` and `lfm view`."
    parts = [head("Command line", "the parser in `lfm_ros/cli`", about)]
    parts += [_section(words, one) for words, one in _commands(whole, "lfm") if _arguments(one)]
    return "\n".join(parts)


def _commands(
    one: argparse.ArgumentParser, words: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, with the words that it is called by."""
    subs = [a for a in one._actions if isinstance(a, argparse._SubParsersAction)]
    if not subs:
        yield words, one
    for sub in subs:
        for name, command in sub.choices.items():
            yield from _commands(command, f"{words} {name}")


def _arguments(one: argparse.ArgumentParser) -> list[argparse.Action]:
    shown = [a for a in one._actions if not isinstance(a, argparse._HelpAction)]
    return [action for action in shown if action.help != argparse.SUPPRESS] or [one._actions[0]]


def _section(words: str, one: argparse.ArgumentParser) -> str:
    rows = [(_spelled(a), _told(a)) for a in _arguments(one)]
    about = f"{one.description}\n\n" if one.description else ""
    after = f"\n{one.epilog.strip()}\n" if one.epilog else ""
    return f"## {words}\n\n{about}{table(('argument', ''), rows)}{after}"


def _spelled(action: argparse.Action) -> str:
    """How it is written on the command line."""
    name = action.option_strings[-1] if action.option_strings else ""
    value = "" if action.nargs == 0 else _metavar(action)
    text = f"{name} {value}".strip()
    return code(text) if action.required or not action.option_strings else code(f"[{text}]")


def _metavar(action: argparse.Action) -> str:
    if action.metavar:
        return action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _told(action: argparse.Action) -> str:
    told = (action.help or "") % {**vars(action), "prog": "lfm"}
    default = action.default
    if action.nargs == 0 or default in (None, "", False, argparse.SUPPRESS):
        return told
    text = " ".join(map(str, default)) if isinstance(default, list | tuple) else str(default)
    return told if text in told else f"{told} (default {text})".strip()
