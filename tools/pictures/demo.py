"""``python -m tools.pictures.demo``: write docs/demo.gif and docs/viewer.png.

The scene, the rigs, the network, the tracker and the page are those of ``lfm demo``; but every
frame waits until the browser has drawn it, so that the pictures do not depend on how fast this
computer draws. The figures in the panel are what the node said of itself in a run of
``lfm demo --no-viewer`` just before; the error is that of the frames shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from lfm_ros import Lifter, Tracker
from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.core.rotations import quat_xyzw_from_matrix
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.instance_frames import instance_frames
from lfm_ros.resources import config_dir
from lfm_ros.scene import Frame, Scene
from lfm_ros.skeletons import load_skeleton
from lfm_ros.tracked import Tracked
from lfm_ros.viewer.frame import Axes, Points2D, Points3D, Rig, ViewFrame
from lfm_ros.viewer.page import Page
from lfm_ros.viewer.shown_error import ShownError
from tools.pictures.browser import photographer

DOCS = Path(__file__).resolve().parents[2] / "docs"
HZ = 25.0
"""Frames that are lifted and tracked a second."""
EVERY = 2
"""Of which every so many is in the GIF: its time is counted in hundredths of a second."""
START, SECONDS = 6.0, 6.0
"""All five kinds are in the picture then, and a second person."""
LEAD_IN = 1.0
"""Seconds that the tracker has seen before."""
STILL = 10.8
"""The moment of docs/viewer.png."""
WINDOW, ZOOM = (1120, 640), 300
GIF_WIDTH, COLORS = 760, 64
PORT = 8127


def main(arguments: Sequence[str]) -> int:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the pictures")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of the GIF")
    parser.add_argument("--port", type=int, default=PORT, help="of the page")
    parser.add_argument("--keep", type=Path, help="folder for every single picture")
    options = parser.parse_args(arguments)
    times = START + np.arange(0.0, options.seconds, EVERY / HZ)
    pictures = photographs(times, _status_of_the_node(), options.port)
    still = pictures[int(np.argmin(np.abs(times - STILL)))]
    if options.keep:
        for index, picture in enumerate(pictures):
            picture.save(options.keep / f"{index:03}.png")
    still.save(options.output / "viewer.png", optimize=True)
    write_gif(pictures, options.output / "demo.gif")
    for name in ("viewer.png", "demo.gif"):
        print(f"-> {options.output / name} {(options.output / name).stat().st_size / 1e3:.0f} kB")
    return 0


def photographs(times: Sequence[float], status: Mapping[str, str], port: int) -> list[Image.Image]:
    """The page at these moments of the scene, seconds."""
    page, error, pictures = Page(port=port), ShownError(), []
    try:
        with photographer(page.url, WINDOW, ZOOM) as camera:
            for seconds, frame in view_frames(times[0] - LEAD_IN, times[-1]):
                error.add(frame.lifted, frame.truth)
                if np.abs(times - seconds).min() < 0.5 / HZ:
                    page.show(frame, {**status, **error.status()})
                    pictures.append(camera.picture())
    finally:
        page.close()
    return pictures


def view_frames(first: float, last: float) -> Iterator[tuple[float, ViewFrame]]:
    """What the viewer shows from one second of the scene to another, lifted and tracked."""
    settings = yaml.safe_load((config_dir() / "demo.yaml").read_text())
    rigs = [load_skeleton(n) for n in settings["/**/lifter"]["ros__parameters"]["skeletons"]]
    scene, tracker = Scene(), Tracker(prediction_time=0.0)
    with Lifter.from_pretrained() as lifter:
        for step in range(round((last - first) * HZ) + 1):
            seconds = first + step / HZ
            seen = scene.frame(seconds)
            out = lifter.lift(
                seen.keypoints, seen.confidence, scene.camera,
                [rigs[i] for i in seen.skeleton], up=LEVEL_UP,
            )  # fmt: skip
            tracked = tracker.update(out, round(1e9 * seconds), seen.instance_id, seen.skeleton)
            yield seconds, _view_frame(scene, rigs, seen, tracked)


def write_gif(pictures: Sequence[Image.Image], path: Path) -> None:
    """Write the pictures as a GIF that begins again at its end."""
    size = GIF_WIDTH, round(GIF_WIDTH * pictures[0].height / pictures[0].width)
    small = [picture.resize(size, Image.Resampling.LANCZOS) for picture in pictures]
    palette = _palette(small[:: max(1, len(small) // 6)])
    frames = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in small]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=round(1000 * EVERY / HZ), loop=0,
        optimize=True,
    )  # fmt: skip


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """One for all: with one each, the background would flicker.

    Every colour counts once. By area the skeletons are nothing, and would lose their hues.
    """
    pixels = np.concatenate([np.asarray(picture).reshape(-1, 3) for picture in pictures])
    different = np.unique(pixels, axis=0)
    return Image.fromarray(different[None]).quantize(COLORS, Image.Quantize.MEDIANCUT)


def _view_frame(scene: Scene, rigs: Sequence[Skeleton], seen: Frame, tracked: Tracked) -> ViewFrame:
    known, there = tracked.known & tracked.valid[:, None], seen.truth_valid
    return ViewFrame(
        rigs=tuple(Rig.from_dict(rig.as_dict()) for rig in rigs),
        lifted=Points3D(
            np.where(known[..., None], tracked.points, np.float32(np.nan)), tracked.observed,
            tracked.instance_id, tracked.skeleton, tracked.sigma,
        ),
        truth=Points3D(
            np.where(there[..., None], seen.truth, np.float32(np.nan)), there, seen.instance_id,
            seen.skeleton,
        ),
        detected=Points2D(seen.keypoints, seen.confidence, seen.instance_id, seen.skeleton),
        axes=_axes(rigs, tracked),
        camera=(np.asarray(scene.camera.matrix), scene.camera.size),
    )  # fmt: skip


def _axes(rigs: Sequence[Skeleton], tracked: Tracked) -> Axes:
    """What the node sends on /tf."""
    origins, turns = instance_frames(tracked, rigs, np.flatnonzero(tracked.valid))
    names = tuple(f"lfm_{slot}" for slot in range(len(origins)))
    return Axes(names, origins, quat_xyzw_from_matrix(turns))


def _status_of_the_node() -> Mapping[str, str]:
    """The last diagnostics of a short run of the demo that nobody looks at."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "demo.json")
        command = [sys.executable, "-m", "lfm_ros.cli", "demo", "--no-viewer", "--seconds", "8"]
        subprocess.run([*command, "--json", str(report)], check=True, timeout=120)
        return json.loads(report.read_text())["status"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
