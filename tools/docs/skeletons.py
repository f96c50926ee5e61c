"""``docs/skeletons.md``: the registered rigs, and how to make one."""

from __future__ import annotations

from lfm_ros.resources import config_dir
from lfm_ros.skeletons import load_skeleton, registered
from tools.docs import skeleton_files
from tools.docs.markdown import code, head, table

# The rigs of the built-in scene: nobody's detector has them.
_PROPS = "scene_"
_COLUMNS = ("name", "", "keypoints", "edges", "pairs", "size", "root frame")


def page() -> str:
    """The whole page."""
    about = (
        "Rigs by the order of their keypoints: take the one that the detector uses. `lfm skeleton\n"
        "show NAME` prints one; a YAML file of the same form is\n"
        "[a rig of one's own](#a-rig-of-your-own); `lfm skeleton from-urdf` makes a robot's. The\n"
        "size is the summed length of the edges, which places an object in metres where nothing\n"
        "better is known."
    )
    names = registered()
    props = [name for name in names if name.startswith(_PROPS)]
    rigs = [name for name in names if name not in props]
    listed = table(_COLUMNS, [_row(name) for name in rigs])
    played = table(_COLUMNS, [_row(name) for name in props])
    return (
        f"{head('Skeletons', '`config/skeletons`', about)}\n{listed}"
        f"\nProps of `make demo`, which no detector has:\n\n{played}{skeleton_files.section()}"
    )


def _row(name: str) -> tuple[str, ...]:
    rig = load_skeleton(name)
    size = f"{rig.nominal_size:g} m" if rig.nominal_size else ""
    root = "yes" if rig.root else "the network's"
    counts = (str(len(rig)), str(len(rig.edges)), str(len(rig.pairs or ())))
    return (code(name), _about(name), *counts, size, root)


def _about(name: str) -> str:
    """The first sentence of the comment that a file begins with."""
    lines = (config_dir() / "skeletons" / f"{name}.yaml").read_text().splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    return comment.split(". ")[0].rstrip(".") + "."
