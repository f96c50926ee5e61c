"""Skeletons as files: ``config/skeletons/NAME.yaml``, or any file of that form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lfm_ros.core.errors import SkeletonError
from lfm_ros.core.skeleton import Edge, RootFrame, Skeleton
from lfm_ros.resources import config_dir

_KEYS = {"keypoints", "edges", "pairs", "nominal_size", "root"}


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
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SkeletonError(f"skeleton file {path} cannot be read: {error}") from error
    return _parse(content, path)


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
    if skeleton.nominal_size is not None:
        content["nominal_size"] = skeleton.nominal_size
    if root := skeleton.root:
        content["root"] = {
            "origin": named(root.origin),
            "z": [named(root.z_from), named(root.z_to)],
            "y": [named(root.y_from), named(root.y_to)],
        }
    return yaml.safe_dump(content, default_flow_style=None, width=100, sort_keys=False)


def _registered_path(name: str) -> Path:
    if name not in registered():
        raise SkeletonError(
            f"skeleton {name!r} is not known; use one of {', '.join(registered())}, "
            "or give the path of a .yaml file"
        )
    return config_dir() / "skeletons" / f"{name}.yaml"


def _parse(content: Any, path: Path) -> Skeleton:
    if not isinstance(content, dict) or "keypoints" not in content or set(content) - _KEYS:
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise SkeletonError(
            f"skeleton file {path} has {found}; expected 'keypoints' and at most {sorted(_KEYS)}"
        )
    try:
        names = [str(n) for n in content["keypoints"]]
        index = {name: i for i, name in enumerate(names)}
        pairs = content.get("pairs")
        return Skeleton(
            names,
            [_pair(index, edge) for edge in content.get("edges") or ()],
            None if pairs is None else [_pair(index, pair) for pair in pairs],
            content.get("nominal_size"),
            _root(index, content["root"]) if content.get("root") else None,
            name=path.stem,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SkeletonError(
            f"skeleton file {path}: {error} does not fit; edges, pairs and root are written "
            "with the names under 'keypoints'"
        ) from error


def _pair(index: dict[str, int], pair: Iterable[str]) -> tuple[int, int]:
    first, second = pair
    return index[first], index[second]


def _root(index: dict[str, int], root: dict[str, Any]) -> RootFrame:
    def indices(names: Iterable[str]) -> tuple[int, ...]:
        return tuple(index[n] for n in names)

    (z_from, z_to), (y_from, y_to) = root["z"], root["y"]
    ends = (indices(names) for names in (z_from, z_to, y_from, y_to))
    return RootFrame(indices(root["origin"]), *ends)
