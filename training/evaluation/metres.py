"""How well each scale cue tells where an object is, on recordings whose truth is in metres.

``python -m training.evaluation.metres --data DIR --output FILE.json`` asks mvor10 (a detector's
keypoints), car (people's labels) and mouse_dannce22 (lenses), prints a table and writes, by key:

``cues``
    Set -> cue -> what is wrong with the cue -> figures; see ``training.evaluation.placed``.
    ``nominal`` is the usual size (of cars and mice: the set's median), ``known`` the true one,
    ``bone`` the true length of one edge, ``ground`` the plane under the other cars of the image or
    the floor of the arena, ``depth`` an image rendered from the truth. Keypoints that move by
    ``pixels`` do so by a share of the object's 2D radius.
``reprojection``
    Set -> medians in pixels: of the pose nearest in space, of the refined one, of the points, and
    of the truth itself, which is what the detections are off by.
``lens``
    Set -> figures with the lens and without, where there is one.
``shortening``
    ``training`` and ``validation`` -> see ``training.evaluation.shortening``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifted, Lifter
from lfm_ros.core.rotations import matrix_from_rotvec
from training.data.poses import load_folder
from training.data.splits import divide, held_out
from training.evaluation.asked_again import remembering
from training.evaluation.depth_images import Fault, spoiled
from training.evaluation.metric_cases import Case, cases
from training.evaluation.placed import figures, reprojection
from training.evaluation.shortening import shortening

Array = NDArray[np.float64]
PARTS = ("cues", "reprojection", "lens", "shortening")


@dataclass(frozen=True)
class MetresConfig:
    """What to ask."""

    data: Path
    """Folder of pose sets with index.json."""
    output: Path = Path("runs/metres.json")
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    frames: int = 300
    """Largest number of frames of each recording."""
    views: int = 40
    """Views of each set for the shortening of edges."""
    parts: tuple[str, ...] = field(default=PARTS)
    seed: int = 0


@dataclass(frozen=True)
class Wrong:
    """What is wrong with what the lifter is told.

    Attributes:
        pixels: Standard deviation of keypoints, a share of the object's 2D radius.
        size: Share by which a size is too large.
        tilt: Degrees by which the ground is tilted, any way.
        height: Metres by which the ground is too high.
        depth: Of the depth image.
    """

    pixels: float = 0.0
    size: float = 0.0
    tilt: float = 0.0
    height: float = 0.0
    depth: Fault = field(default_factory=Fault)


_EXACT = {"exact": Wrong()}
_PIXELS = {f"pixels {100 * share:g} %": Wrong(pixels=share) for share in (0.02, 0.05)}
_SIZES = {f"size {100 * off:+g} %": Wrong(size=off) for off in (0.05, 0.1)}
CUES: dict[str, dict[str, Wrong]] = {
    "nominal": _EXACT | _PIXELS,
    "known": _EXACT | _SIZES | _PIXELS,
    "bone": _EXACT | _SIZES,
    "ground": _EXACT
    | {f"tilt {angle:g} deg": Wrong(tilt=angle) for angle in (0.5, 1.0, 2.0)}
    | {f"height {off:+g} m": Wrong(height=off) for off in (0.05, 0.1)}
    | _PIXELS,
    "depth": _EXACT
    | {f"noise {100 * n:g} %": Wrong(depth=Fault(noise=n)) for n in (0.01, 0.03, 0.1)}
    | {f"holes {100 * n:g} %": Wrong(depth=Fault(holes=n)) for n in (0.3, 0.6, 0.9)}
    | {f"bias {off:+g} m": Wrong(depth=Fault(bias=off)) for off in (0.05, 0.2)}
    | {f"shift {n} px": Wrong(depth=Fault(shift=n)) for n in (3, 8)}
    | {"all": Wrong(depth=Fault(0.03, 0.3, 0.03, 2))}
    | _PIXELS,
}
_SOURCES = {"bone": "known"}
# Cues of which ``Lifter.lift`` takes one for all.
_ALONE = ("bone", "depth")


def metres(config: MetresConfig) -> dict[str, Any]:
    """Everything that is asked; see above for the result."""
    result: dict[str, Any] = {"config": json.loads(json.dumps(config.__dict__, default=str))}
    found = cases(config.data, config.frames)
    # A frame looks the same with every cue, so that its network need run only once.
    with remembering(Lifter.from_pretrained(config.model)) as lifter:
        result["model"] = lifter.model.name
        if "cues" in config.parts:
            result["cues"] = {n: _cues(lifter, case, config.seed) for n, case in found.items()}
        if "reprojection" in config.parts:
            result["reprojection"] = {
                name: reprojection(answers(lifter, case, "nominal", Wrong(), 0), case.recorded)
                for name, case in found.items()
            }
        if "lens" in config.parts:
            result["lens"] = {
                name: _lens(lifter, case)
                for name, case in found.items()
                if any(any(camera.distortion) for camera in case.recorded.cameras)
            }
        if "shortening" in config.parts:
            sets = load_folder(config.data, "train")
            training, validation = divide(sets, held_out(sets))
            parts = {"training": {n: training[n] for n in validation}, "validation": validation}
            result["shortening"] = {
                name: shortening(lifter, part, config.views, config.seed)
                for name, part in parts.items()
            }
    return result


def answers(lifter: Lifter, case: Case, cue: str, wrong: Wrong, seed: int) -> list[Lifted]:
    """What is lifted of each frame, told one cue.

    A lifter takes one depth image at a time, and one length of a bone, so that these frames go in
    alone; all others go in together, which takes a tenth of the time and answers the same.
    """
    random = np.random.default_rng(seed)
    frames = range(len(case.recorded.truth))
    asked = ((_moved(case, wrong, i, random), _told(case, cue, wrong, i, random)) for i in frames)
    if cue in _ALONE:
        return [_lift(lifter, case, [i], xy[None], told) for i, (xy, told) in enumerate(asked)]
    pixels, each = zip(*asked, strict=True)
    together = {name: np.stack([told[name] for told in each]) for name in each[0]}
    out = _lift(lifter, case, frames, np.stack(pixels), together)
    return [out.only(np.array([i])) for i in frames]


def _lift(
    lifter: Lifter, case: Case, rows: Sequence[int], pixels: Array, told: dict[str, Any]
) -> Lifted:
    seen = case.recorded.only(np.array(rows))
    return lifter.lift(pixels, seen.confidence, seen.cameras, case.rig, up=seen.up, **told)


def _moved(case: Case, wrong: Wrong, row: int, random: np.random.Generator) -> Array:
    """Pixels (K, 2) that are off as ``wrong`` says."""
    pixels, seen = case.recorded.pixels[row], case.recorded.confidence[row] > 0
    extent = np.linalg.norm(pixels[seen] - pixels[seen].mean(0), axis=-1).max()
    return pixels + wrong.pixels * extent * random.standard_normal(pixels.shape)


def _told(
    case: Case, cue: str, wrong: Wrong, row: int, random: np.random.Generator
) -> dict[str, Any]:
    """The arguments of ``Lifter.lift`` that hold the cue."""
    recorded = case.recorded
    truth = recorded.truth[row]
    if cue == "known":
        return {"known_size": case.sizes[row] * (1 + wrong.size)}
    if cue == "bone":
        first, second = case.bone
        length = np.linalg.norm(truth[first] - truth[second]) * (1 + wrong.size)
        names = case.rig.names
        return {"known_size": {(names[first], names[second]): float(length)}}
    if cue == "ground" and case.floors is not None:
        return {"ground": _tilted(case.floors[row], wrong, random)}
    if cue == "depth":
        return {"depth": spoiled(case.depths[row], wrong.depth, random)}
    return {}


def _tilted(plane: Array, wrong: Wrong, random: np.random.Generator) -> Array:
    """A plane that is tilted below the camera, as a wrong mounting angle does it."""
    turn = matrix_from_rotvec(np.deg2rad(wrong.tilt) * _unit(random.standard_normal(3)))
    return np.append(turn @ plane[:3], plane[3] - wrong.height)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


def _cues(lifter: Lifter, case: Case, seed: int) -> dict[str, Any]:
    return {
        cue: {
            name: figures(
                answers(lifter, case, cue, wrong, seed), case.recorded, _SOURCES.get(cue, cue)
            )
            for name, wrong in ways.items()
        }
        for cue, ways in CUES.items()
        if cue != "ground" or case.floors is not None
    }


def _lens(lifter: Lifter, case: Case) -> dict[str, Any]:
    bare = replace(case, recorded=case.recorded.without_lens())
    found = {}
    for name, way in {"known": case, "not_known": bare}.items():
        out = answers(lifter, way, "known", Wrong(), 0)
        found[name] = {**figures(out, way.recorded, "known"), **reprojection(out, way.recorded)}
    return found


def table(result: dict[str, Any]) -> str:
    """The figures as text."""
    columns = ("used", "root_mm", "root", "p90", "bias", "expected", "scale_68", "place_68")
    lines = [f"{result['model']}: errors of the root; per cent of the distance unless in mm"]
    for name, cues in result.get("cues", {}).items():
        lines += ["", f"{name:26}" + "".join(f"{column:>10}" for column in columns)]
        for cue, ways in cues.items():
            for way, row in ways.items():
                cells = "".join(f"{row.get(column, np.nan):10.1f}" for column in columns)
                lines.append(f"  {cue:9}{way:15}{cells}")
    for part in ("reprojection", "lens"):
        lines += [f"{part} {name}: {rows}" for name, rows in result.get(part, {}).items()]
    for name, found in result.get("shortening", {}).items():
        lines += [f"shortening {name} {c}: {rows}" for c, rows in found["shares"].items()]
        lines.append(f"  by spread: {found['bins']}")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, ask, print the table and write the file."""
    config = tyro.cli(MetresConfig, description=__doc__)
    result = metres(config)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    config.output.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
