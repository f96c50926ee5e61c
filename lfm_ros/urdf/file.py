"""Reads a URDF file: numbers as numbers, xacro refused, every error with its place.

Source of the format: the XML specification of URDF, http://wiki.ros.org/urdf/XML.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import LARGEST_SIZE
from lfm_ros.urdf.tree import KINDS, Joint, Mimic, Triple, Urdf, suggestion, tree

_ORIGIN: Triple = (0.0, 0.0, 0.0)
# What the specification says where a joint has no <axis>.
_AXIS: Triple = (1.0, 0.0, 0.0)


def read_urdf(source: str | Path) -> Urdf:
    """Read a URDF.

    Args:
        source: Path of the file, or the XML itself.

    Raises:
        SkeletonError: It cannot be read, is xacro or no URDF, or its links are not one tree.
    """
    text, label = _content(source)
    try:
        return _parse(text, label)
    except SkeletonError as error:
        raise SkeletonError(f"{label}: {error}") from error


class _Builder(ET.TreeBuilder):
    """A tree builder that takes no DTD: entities are how a small file grows without bound."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise SkeletonError(f"has a document type ({name}), which no URDF needs; remove that line")


def _content(source: str | Path) -> tuple[bytes, str]:
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        return source.encode(), "the given URDF"
    try:
        return Path(source).read_bytes(), str(source)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SkeletonError(
            f"{source}: cannot be read ({reason}); give the path of a .urdf file"
        ) from error


def _parse(text: bytes, label: str) -> Urdf:
    root = _xml(text, label)
    _refuse_xacro(root, label)
    if root.tag != "robot":
        raise SkeletonError(f"is not a URDF: its first element is <{root.tag}>, expected <robot>")
    links = _unique([_attribute(e, "name", "a link") for e in root.findall("link")], "links")
    joints = [_joint(element) for element in root.findall("joint")]
    _unique([joint.name for joint in joints], "joints")
    if not links:
        raise SkeletonError("has no <link> below <robot>; give a robot's whole description")
    return tree(root.get("name") or "robot", links, joints)


def _xml(text: bytes, label: str) -> ET.Element:
    parser = ET.XMLParser(target=_Builder())
    try:
        parser.feed(text)
        return parser.close()
    except ET.ParseError as error:
        if b"xacro:" in text:
            raise SkeletonError(_xacro(label)) from error
        raise SkeletonError(f"is not well-formed XML ({error}); correct that place") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise SkeletonError(f"is not readable XML ({error}); save it as UTF-8") from error


def _refuse_xacro(root: ET.Element, label: str) -> None:
    for element in root.iter():
        # A namespace that is only declared is what an expanded xacro keeps.
        if "xacro" in element.tag or any("${" in v or "$(" in v for v in element.attrib.values()):
            raise SkeletonError(_xacro(label))


def _xacro(label: str) -> str:
    path = Path(label) if label.endswith((".xacro", ".urdf", ".xml")) else Path("robot.urdf.xacro")
    stem = path.name.removesuffix(".xacro").removesuffix(".urdf").removesuffix(".xml")
    expanded = path.with_name(f"{stem}{'.urdf' if path.suffix == '.xacro' else '_expanded.urdf'}")
    return (
        "is xacro, which is a program that writes a URDF; run it first: "
        f"xacro {path} -o {expanded} (in a sourced ROS, or after pip install xacro), "
        f"then give {expanded}"
    )


def _joint(element: ET.Element) -> Joint:
    name = _attribute(element, "name", "a joint")
    what = f"joint {name!r}"
    kind = _attribute(element, "type", what)
    if kind not in KINDS:
        raise SkeletonError(f"{what} has type {kind!r}{suggestion(kind, KINDS)}; known: {KINDS}")
    origin, mimic = element.find("origin"), element.find("mimic")
    return Joint(
        name,
        kind,
        _attribute(_child(element, "parent", what), "link", f"the parent of {what}"),
        _attribute(_child(element, "child", what), "link", f"the child of {what}"),
        _triple(origin, "xyz", _ORIGIN, what),
        _triple(origin, "rpy", _ORIGIN, what),
        _axis(element, kind, what),
        _limits(element.find("limit"), kind, what),
        # Files in use have fixed joints that mimic; fixed is fixed.
        None if mimic is None or kind == "fixed" else _mimic(mimic, what),
    )


def _axis(element: ET.Element, kind: str, what: str) -> Triple:
    x, y, z = _triple(element.find("axis"), "xyz", _AXIS, what)
    length = math.sqrt(x * x + y * y + z * z)
    if length > 0:
        return (x / length, y / length, z / length)
    if kind in ("fixed", "floating"):
        return _AXIS
    raise SkeletonError(f"{what} has an axis of no length; give a direction such as 0 0 1")


def _limits(limit: ET.Element | None, kind: str, what: str) -> tuple[float, float] | None:
    """Only where they bound something: not of continuous joints, nor where they are no bound."""
    if limit is None or kind not in ("revolute", "prismatic"):
        return None
    # A <limit> that names only effort and velocity leaves both bounds at 0, says the specification.
    lower, upper = (_number(limit.get(k, "0"), f"{k} of {what}") for k in ("lower", "upper"))
    if not (abs(lower) <= LARGEST_SIZE and abs(upper) <= LARGEST_SIZE):
        return None  # infinity, and the large numbers that some write for it
    if lower > upper:
        raise SkeletonError(f"{what} has lower limit {lower} above its upper {upper}; swap them")
    return lower, upper


def _mimic(element: ET.Element, what: str) -> Mimic:
    multiplier, offset = element.get("multiplier", "1"), element.get("offset", "0")
    return Mimic(
        _attribute(element, "joint", f"the mimic of {what}"),
        _finite(multiplier, f"multiplier of {what}"),
        _finite(offset, f"offset of {what}"),
    )


def _child(element: ET.Element, tag: str, what: str) -> ET.Element:
    found = element.find(tag)
    if found is None:
        raise SkeletonError(f"{what} has no <{tag}>; every joint has a parent and a child link")
    return found


def _attribute(element: ET.Element, name: str, what: str) -> str:
    value = element.get(name)
    if not value:
        raise SkeletonError(f"{what} has no {name!r}; give it one")
    return value


def _triple(element: ET.Element | None, name: str, default: Triple, what: str) -> Triple:
    text = None if element is None else element.get(name)
    if text is None:
        return default
    values = [_finite(part, f"{name} of {what}") for part in text.split()]
    if len(values) != 3:
        raise SkeletonError(f"{name} of {what} is {text!r}; expected three numbers")
    return (values[0], values[1], values[2])


def _finite(text: str, what: str) -> float:
    value = _number(text, what)
    if not abs(value) <= LARGEST_SIZE:
        raise SkeletonError(
            f"{what} is {text!r}; expected a finite number, in metres or radians below "
            f"{LARGEST_SIZE:g}"
        )
    return value


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SkeletonError(f"{what} is {text!r}; expected a number") from None


def _unique(names: list[str], what: str) -> list[str]:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise SkeletonError(f"has several {what} called {', '.join(twice)}; make each name unique")
    return names
