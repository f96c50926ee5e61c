"""RViz's configuration and Foxglove's layout show what the node publishes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from lfm_ros.resources import config_dir
from lfm_ros.ros.endpoints import OUTPUTS

CAMERA_FRAME = "camera_optical_frame"
# RViz has no display for texts and for diagnostics; its TF display finds /tf by itself.
NOT_IN_RVIZ = {"skeletons", "/diagnostics", "/tf"}


def rviz() -> dict[str, Any]:
    text = (config_dir() / "rviz" / "lfm.rviz").read_text()
    return yaml.safe_load(text)["Visualization Manager"]


def foxglove() -> dict[str, Any]:
    return json.loads((config_dir() / "foxglove" / "lfm.json").read_text())


def panels(node: Any) -> Iterator[str]:
    """Ids of the panels of a layout's tree."""
    if isinstance(node, str):
        yield node
    else:
        yield from panels(node["first"])
        yield from panels(node["second"])


def test_rviz_shows_every_topic_that_it_can_show() -> None:
    kinds = {
        d["Class"].split("/")[1]: d["Topic"]["Value"] for d in rviz()["Displays"] if "Topic" in d
    }
    types = {o.name: o.type.split("/")[-1] for o in OUTPUTS if o.always}
    assert {topic: kind for kind, topic in kinds.items()} == {
        topic: kind for topic, kind in types.items() if topic not in NOT_IN_RVIZ
    }
    assert any(d["Class"].endswith("/TF") for d in rviz()["Displays"])
    assert rviz()["Global Options"]["Fixed Frame"] == CAMERA_FRAME


def test_rviz_asks_for_what_the_node_offers() -> None:
    """A reader that wants more than the publisher gives receives nothing, in silence."""
    for display in rviz()["Displays"]:
        if "Topic" in display:
            assert display["Topic"]["Reliability Policy"] == "Reliable"
            assert display["Topic"]["Durability Policy"] == "Volatile"


def test_foxglove_shows_every_topic() -> None:
    layout = foxglove()
    shown = {panel: layout["configById"][panel] for panel in panels(layout["layout"])}
    assert set(shown) == set(layout["configById"]), "a panel is configured and not shown"
    topics = {topic for panel in shown.values() for topic in panel.get("topics", ())}
    single = (p.get("topicPath") or p.get("topicToRender") or "" for p in shown.values())
    topics |= {found[0] for path in single if (found := re.match(r"/\w+", path))}
    assert topics == {f"/{output.name.strip('/')}" for output in OUTPUTS if output.always}
    (scene,) = (panel for name, panel in shown.items() if name.startswith("3D!"))
    assert scene["followTf"] == CAMERA_FRAME
