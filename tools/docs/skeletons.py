"""``docs/skeletons.md``: the registered rigs."""

from __future__ import annotations

from lfm_ros.resources import config_dir
from lfm_ros.skeletons import load_skeleton, registered
from tools.docs.markdown import code, head, table


def page() -> str:
    about = (
        "Rigs by the order of their keypoints: take the one that the detector uses. `lfm skeleton\n"
        "show NAME` prints one; a YAML file of the same form is a rig of one's own; `lfm skeleton\n"
        "from-urdf` makes a robot's. The size is the summed length of the edges, which places an\n"
        "object in metres where nothing better is known."
    )
    rows = []
    for name in registered():
        rig = load_skeleton(name)
        size = f"{rig.nominal_size:g} m" if rig.nominal_size else ""
        root = "yes" if rig.root else "the network's"
        counts = (str(len(rig)), str(len(rig.edges)), str(len(rig.pairs or ())))
        rows.append((code(name), _about(name), *counts, size, root))
    columns = ("name", "", "keypoints", "edges", "pairs", "size", "root frame")
    return head("Skeletons", "`config/skeletons`", about) + "\n" + table(columns, rows)


def _about(name: str) -> str:
    """The first sentence of the comment that a file begins with."""
    lines = (config_dir() / "skeletons" / f"{name}.yaml").read_text().splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    return comment.split(". ")[0].rstrip(".") + "."
