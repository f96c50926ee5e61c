"""ASF skeletons (Acclaim): bones with a direction, a length, an axis and degrees of freedom.

Lengths are inches times the ``length`` that ``:units`` states.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scipy.spatial.transform import Rotation

METRES_IN_AN_INCH = 0.0254
SECTIONS = ("units", "root", "bonedata", "hierarchy")
Lines = list[list[str]]


@dataclass
class Bone:
    """A bone at rest.

    Attributes:
        offset: From its start to its end, in the unit of the file.
        axis: Turns the axes of its degrees of freedom into the frame of the root.
        dof: Names of the degrees of freedom in the order of the motion's values.
    """

    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    axis: Rotation = field(default_factory=Rotation.identity)
    dof: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Anatomy:
    """Content of an ASF file.

    Attributes:
        bones: By name; ``root`` first and every parent before its children.
        parents: Name of each bone's parent; the root has none.
        metres: Length of the file's unit.
        degrees: Whether angles are in degrees, else radians.
    """

    bones: dict[str, Bone]
    parents: dict[str, str]
    metres: float
    degrees: bool


def words_of(text: str) -> Lines:
    """Words of each line that is not empty or a comment."""
    return [words for line in text.splitlines() if (words := line.split("#")[0].split())]


def read_anatomy(text: str) -> Anatomy:
    """Read an ASF file.

    Raises:
        ValueError, KeyError, IndexError: It is not of the form.
    """
    sections: dict[str, Lines] = {}
    lines: Lines = []
    for words in words_of(text):
        if words[0].startswith(":"):
            lines = sections.setdefault(words[0][1:].lower(), [])
        else:
            lines.append(words)
    missing = [name for name in SECTIONS if not sections.get(name)]
    if missing:
        raise ValueError(f"nothing under {', '.join(f':{name}' for name in missing)}")
    units = {words[0]: words[1] for words in sections["units"]}
    degrees = units.get("angle", "deg").startswith("deg")
    bones = {"root": _root(sections["root"], degrees)} | _bones(sections["bonedata"], degrees)
    parents = {child: row[0] for row in sections["hierarchy"] for child in row[1:]}
    metres = METRES_IN_AN_INCH / float(units.get("length", "1"))
    return Anatomy(_parents_first(bones, parents), parents, metres, degrees)


def _root(lines: Lines, degrees: bool) -> Bone:
    said = {words[0]: words[1:] for words in lines}
    axis = _axis([*said.get("orientation", ["0", "0", "0"]), *said.get("axis", [])], degrees)
    return Bone(axis=axis, dof=[name.lower() for name in said["order"]])


def _bones(lines: Lines, degrees: bool) -> dict[str, Bone]:
    bones: dict[str, Bone] = {}
    said: dict[str, list[str]] = {}
    for words in lines:
        if words[0] == "begin":
            said = {}
        elif words[0] == "end":
            bones[said["name"][0]] = _bone(said, degrees)
        else:
            said[words[0]] = words[1:]
    return bones


def _bone(said: dict[str, list[str]], degrees: bool) -> Bone:
    length = float(said["length"][0])
    dof = [word.lower() for word in said.get("dof", [])]
    if set(dof) - {"rx", "ry", "rz"}:
        raise ValueError(
            f"bone {said['name'][0]!r} has degrees of freedom {dof}, not only rotation"
        )
    offset = [length * float(word) for word in said["direction"][:3]]
    return Bone(offset, _axis(said.get("axis", ["0", "0", "0"]), degrees), dof)


def _axis(words: list[str], degrees: bool) -> Rotation:
    """Three angles about fixed axes, and their order (``XYZ`` if it is not stated)."""
    order = words[3].lower() if len(words) > 3 else "xyz"
    return Rotation.from_euler(order, [float(word) for word in words[:3]], degrees)


def _parents_first(bones: dict[str, Bone], parents: dict[str, str]) -> dict[str, Bone]:
    order = ["root"]
    for name in order:
        order += [child for child, parent in parents.items() if parent == name]
        if len(order) > len(bones):
            raise ValueError(f"the hierarchy names {len(order)} bones or more, not {len(bones)}")
    return {name: bones[name] for name in order}
