"""``python -m tools.speed_table``: write the README's figures of speed from docs/benchmarks/*.json.

Those files come from ``lfm bench --json docs/benchmarks/NAME.json`` and from ``lfm bench --ros
--json docs/benchmarks/NAME.json``. ``--check`` only says whether the README is up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README, FILES = ROOT / "README.md", ROOT / "docs" / "benchmarks"
BEGIN = "<!-- speed: written by python -m tools.speed_table from docs/benchmarks -->"
END = "<!-- end of speed -->"

_NODE_COLUMNS = {
    "size": "instances x keypoints",
    "p50": "p50",
    "p95": "p95",
    "engine": "network",
    "relay": "a bare relay",
    "added": "what is left",
    "in_a_loop": "its steps in a loop",
    "plain_added": "left with plain messages",
    "cpu": "share of a core, %",
}

Document = dict[str, Any]
Row = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Write the block, or compare it; 1 if they differ or there is nothing to write from."""
    paths = sorted(FILES.glob("*.json"))
    if not paths:
        print(f"no figures in {FILES.relative_to(ROOT)}: run lfm bench --json there first")
        return 1
    text = README.read_text()
    wanted = replaced(text, block([json.loads(path.read_text()) for path in paths]))
    if "--check" not in arguments:
        README.write_text(wanted)
    elif wanted != text:
        print("README.md does not show docs/benchmarks: run python -m tools.speed_table")
        return 1
    return 0


def replaced(text: str, block: str) -> str:
    """A text with another block between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"README.md must hold the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def block(documents: Sequence[Document]) -> str:
    """All that is said of all files."""
    kinds: dict[str, Callable[[Document], Iterator[str]]] = {"lifter": lifter, "node": node}
    parts = ["\n".join(kinds[document["measured"]](document)) for document in documents]
    return "\n\n".join(parts)


def lifter(document: Document) -> Iterator[str]:
    """Networks, whole lifter, peer and roof on one computer."""
    rows = document["rows"]
    columns = _columns(rows)
    yield f"{_where(document)}, {_threads(document)}; medians in milliseconds:"
    yield ""
    yield from _table(
        ["instances x keypoints", *columns],
        [[size, *(cell(of) for cell in columns.values())] for size, of in _by_size(rows)],
    )
    yield ""
    yield from _remarks(document)


def node(document: Document) -> Iterator[str]:
    """The whole node on one computer."""
    rows = document["rows"]
    yield (
        f"The node with `{document['settings']['model']}` on {_where(document)}: from sending the "
        "detections to receiving the markers, between processes at 30 Hz, milliseconds:"
    )
    yield ""
    columns = {key: head for key, head in _NODE_COLUMNS.items() if key in rows[0]}
    yield from _table(
        list(columns.values()), [[_plain(row[key]) for key in columns] for row in rows]
    )


def _columns(rows: Sequence[Row]) -> dict[str, Callable[[Sequence[Row]], str]]:
    """Headings, and what makes a cell from the rows of one size."""
    ours, peers = (
        list(dict.fromkeys((r["model"], r["backend"]) for r in rows if r["what"] == what))
        for what in ("engine", "peer")
    )
    several = len({backend for _, backend in ours}) > 1
    columns: dict[str, Callable[[Sequence[Row]], str]] = {}
    for model, backend in ours:
        name = f"`{model}` {backend}" if several else f"`{model}`"
        columns[f"{name}: network (of the roof)"] = _cell("engine", model, backend)
        columns[f"{name}: `Lifter.lift`"] = _cell("lifter", model, backend)
    for model, backend in peers:
        columns[f"plain MLP {backend}" if several else "plain MLP"] = _cell("peer", model, backend)
    return columns


def _cell(what: str, model: str, backend: str) -> Callable[[Sequence[Row]], str]:
    def cell(rows: Sequence[Row]) -> str:
        for row in rows:
            if (row["what"], row["model"], row["backend"]) == (what, model, backend):
                share = row.get("share_of_roof")
                return _number(row["p50"]) + (f" ({share:.0%})" if share else "")
        return ""

    return cell


def _by_size(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for size in dict.fromkeys((row["instances"], row["keypoints"]) for row in rows):
        of = [row for row in rows if (row["instances"], row["keypoints"]) == size]
        yield f"{size[0]} x {size[1]}", of


def _remarks(document: Document) -> Iterator[str]:
    """The rest, one line each."""
    roofs = [r["gflops"] for r in document["rows"] if r["what"] == "roof"]
    if roofs:
        yield (
            "- The roof is the fastest matrix product of the network's own width in ONNX Runtime "
            f"on the same threads in the same run: {min(roofs):.0f} to {max(roofs):.0f} GFLOP/s."
        )
    if any(row["what"] == "peer" for row in document["rows"]):
        yield (
            "- The plain MLP is a residual one of two blocks, 1024 wide, with random weights, in "
            "the same runtime: it knows one rig only."
        )
    for row in document["rows"]:
        if row["what"] == "lifter" and (row["instances"], row["keypoints"]) == (1, 17):
            yield (
                f"- At 30 Hz a call of `{row['model']}` on {row['backend']} at 1 x 17 costs "
                f"{_number(row['cpu_30hz'])} ms of processor time, {row['cpu_ratio']:.2f} of its "
                "latency."
            )
    for cold in document["cold"]:
        yield (
            f"- A fresh process has the first result of `{cold['model']}` on {cold['backend']} "
            f"after {cold['total']:.0f} ms{_memory(cold)}."
        )


def _memory(cold: Row) -> str:
    if cold["rss_added"] is None:
        return ""
    return (
        f"; it takes {cold['rss_added']:.0f} MB more than Python, {cold['rss_largest']:.0f} MB in "
        f"all after {cold['largest']}"
    )


def _where(document: Document) -> str:
    machine, versions = document["machine"], document["versions"]
    names = [n for n in ("onnxruntime", "openvino", "tensorrt") if n in versions]
    runtimes = ", ".join(f"{name} {versions[name]}" for name in names)
    chip = ", ".join([machine["processor"], *machine["gpus"]])
    when = document["date"]
    if machine["load"] is not None:
        when += f", load before it {machine['load']:.1f}"
    return f"{chip}, {machine['cores']} cores, {machine['system']}, {runtimes}, {when}"


def _threads(document: Document) -> str:
    count = document["threads"]
    return "one thread" if count == 1 else f"{count} threads"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|---{'|---:' * (len(head) - 1)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(value: Any) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """Three digits, as many as a busy machine repeats."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
