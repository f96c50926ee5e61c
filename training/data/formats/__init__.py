"""Public data sets and file families, one small reader each, by the names of the command line."""

from __future__ import annotations

from training.data.formats import (
    acinoset,
    amc,
    bvh,
    c3dpo,
    freihand,
    h3wb,
    human36m,
    interhand,
    keypointnet,
    mbw,
    panoptic,
    pascal3d,
)
from training.data.formats.source import Format

FORMATS: dict[str, Format] = {
    "h3wb": h3wb.FORMAT,
    "human36m": human36m.FORMAT,
    "panoptic": panoptic.FORMAT,
    "interhand": interhand.FORMAT,
    "freihand": freihand.FORMAT,
    "acinoset": acinoset.FORMAT,
    "mbw": mbw.FORMAT,
    "keypointnet": keypointnet.FORMAT,
    "pascal3d": pascal3d.FORMAT,
    "c3dpo": c3dpo.FORMAT,
    "bvh": bvh.FORMAT,
    "amc": amc.FORMAT,
}
