"""Skeletons as files: ``config/skeletons/NAME.yaml``, or any file of that form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import Edge, RootFrame, Skeleton
from lfm_ros.resources import config_dir

_NUMBERS = ("nominal_size", "size_spread", "surface_depth")
#: What a file may say.
KEYS = {"like", "keypoints", "edges", "pairs", "side", "root", "rep155", "contacts", *_NUMBERS}
# What each of these is written as.
_FORMS: dict[str, tuple[type, str]] = {
    "like": (str, "the name of another skeleton"),
    "keypoints": (list, "a list of names"),
    "edges": (list, "a list of pairs of names"),
    "pairs": (list, "a list of pairs of names"),
    "root": (dict, "a mapping: origin, z, y or x"),
    "rep155": (dict, "a mapping: name: link"),
    "contacts": (dict, "a mapping: name: metres"),
}
# Other names that rigs go by. A hyphen counts as an underscore anyway.
_ALIASES = {"body25": "openpose25", "blazepose33": "mediapipe33", "car": "car12"}


def registered() -> list[str]:
    """Names of the skeletons that come with the package."""
    return sorted(path.stem for path in (config_dir() / "skeletons").glob("*.yaml"))


@lru_cache(maxsize=256)
def load_skeleton(name: str) -> Skeleton:
    """Read a skeleton.

    Args:
        name: A registered name, or the path of a ``.yaml`` file of the same form.

    Raises:
        SkeletonError: There is no such skeleton, or its file is not of the expected form.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _registered_path(name)
    return _parse(_read(path), path)


def skeleton_with(names: Sequence[str], edges: Sequence[Edge], name: str) -> Skeleton:
    """The registered skeleton with these keypoints in this order, else a new one of no known size.

    Args:
        names: Of the keypoints.
        edges: Of the new one.
        name: Of the new one.

    Raises:
        SkeletonError: The edges do not fit the keypoints.
    """
    for known in map(load_skeleton, registered()):
        if known.names == tuple(names):
            return known
    return Skeleton(names, edges, name=name)


def as_yaml(skeleton: Skeleton) -> str:
    """The content of a file that ``load_skeleton`` reads as this skeleton, but for its name."""

    def named(indices: Sequence[int]) -> list[str]:
        return [skeleton.names[i] for i in indices]

    content: dict[str, Any] = {
        "keypoints": list(skeleton.names),
        "edges": [named(edge) for edge in skeleton.edges],
        "pairs": [named(pair) for pair in skeleton.pairs or ()],
    }
    for key in _NUMBERS:
        value = getattr(skeleton, key)
        if value != getattr(Skeleton, key):
            content[key] = value
    if skeleton.side:
        content["side"] = skeleton.side
    if skeleton.contacts is not None:
        content["contacts"] = {skeleton.names[k]: height for k, height in skeleton.contacts}
    if root := skeleton.root:
        content["root"] = root_as_dict(root, skeleton.names)
    links = zip(skeleton.names, skeleton.rep155_names, strict=True)
    if renamed := {name: link for name, link in links if link != name}:
        content["rep155"] = renamed
    return yaml.safe_dump(content, default_flow_style=None, width=100, sort_keys=False)


def root_as_dict(root: RootFrame, names: Sequence[str]) -> dict[str, Any]:
    """A root frame as skeleton files have it, in the names of the keypoints."""

    def named(indices: Sequence[int]) -> list[str]:
        return [names[i] for i in indices]

    ends = {axis: [getattr(root, f"{axis}_{end}") for end in ("from", "to")] for axis in "zxy"}
    axes = {axis: [named(a), named(b)] for axis, (a, b) in ends.items() if a}
    return {"origin": named(root.origin), **axes}


def _registered_path(name: str) -> Path:
    stem = name.replace("-", "_")
    stem = _ALIASES.get(stem, stem)
    if stem not in registered():
        raise SkeletonError(
            f"skeleton {name!r} is not known{_suggestion(name)}; use one of "
            f"{', '.join(registered())}, or give the path of a .yaml file"
        )
    return config_dir() / "skeletons" / f"{stem}.yaml"


def _suggestion(name: str) -> str:
    """`` (did you mean x?)`` where a file lies beside, or a registered name is close."""
    beside = [f"{name}{ending}" for ending in (".yaml", ".yml") if Path(name + ending).is_file()]
    close = beside or get_close_matches(name.lower(), registered(), n=2, cutoff=0.7)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _read(path: Path) -> dict[str, Any]:
    """What a file says, over what the file that it is ``like`` says."""
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SkeletonError(f"skeleton file {path} cannot be read: {error}") from error
    known = isinstance(content, dict) and set(content) <= KEYS
    if not known or not {"keypoints", "like"} & set(content):
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise SkeletonError(
            f"skeleton file {path} has {found}; expected 'keypoints', or 'like' for those of a "
            f"known skeleton, and at most {sorted(KEYS)}"
        )
    _check_forms(content, path)
    if "like" not in content:
        return content
    return _read(_registered_path(content["like"])) | content


def _parse(content: dict[str, Any], path: Path) -> Skeleton:
    try:
        names = [str(n) for n in content["keypoints"]]
        index = {name: i for i, name in enumerate(names)}
        pairs = content.get("pairs")
        return Skeleton(
            names,
            [_pair(index, edge) for edge in content.get("edges") or ()],
            None if pairs is None else [_pair(index, pair) for pair in pairs],
            root=_root(index, content["root"]) if content.get("root") else None,
            name=path.stem,
            rep155=_links(index, content.get("rep155") or {}),
            contacts=_contacts(index, content.get("contacts")),
            side=content.get("side") or "",
            **{key: content[key] for key in _NUMBERS if key in content},
        )
    except SkeletonError as error:
        raise SkeletonError(f"skeleton file {path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SkeletonError(
            f"skeleton file {path}: {error} does not fit; edges, pairs, root, rep155 and "
            "contacts are written with the names under 'keypoints'"
        ) from error


def _check_forms(content: dict[str, Any], path: Path) -> None:
    for key, (form, words) in _FORMS.items():
        value = content.get(key)
        if value is not None and not isinstance(value, form):
            kind = type(value).__name__
            raise SkeletonError(f"skeleton file {path}: {key} is of type {kind}; write {words}")


def _pair(index: dict[str, int], pair: Iterable[str]) -> tuple[int, int]:
    first, second = pair
    return index[first], index[second]


def _contacts(
    index: dict[str, int], heights: dict[str, float] | None
) -> list[tuple[int, float]] | None:
    if heights is None:
        return None
    return [(index[name], height) for name, height in heights.items()]


def _root(index: dict[str, int], root: dict[str, Any]) -> RootFrame:
    def ends(axis: str) -> tuple[tuple[int, ...], ...]:
        first, last = root.get(axis, ((), ()))
        return tuple(index[n] for n in first), tuple(index[n] for n in last)

    if unknown := set(root) - {"origin", "z", "x", "y"}:
        raise ValueError(f"root has {sorted(unknown)}, which")
    return RootFrame(tuple(index[n] for n in root["origin"]), *ends("z"), *ends("y"), *ends("x"))


def _links(index: dict[str, int], renamed: dict[str, str]) -> list[str]:
    if unknown := set(renamed) - set(index):
        raise ValueError(f"rep155 names {sorted(unknown)}, which")
    return [str(renamed.get(name, "")) for name in index] if renamed else []
