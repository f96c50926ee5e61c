"""Makes ``.venv`` an ament prefix in which ``ros2 run`` and ``ros2 launch`` find lfm_ros.

pip links the modules of a checkout but leaves out ``data_files``; colcon would install them. These
are links into the checkout, so that an edited launch file or YAML is the one that runs.
"""

from __future__ import annotations

from pathlib import Path

from tools.bootstrap.places import ROOT, VENV

PACKAGE = "lfm_ros"


def link_share(scripts: list[str]) -> None:
    """Link what ROS looks up.

    Args:
        scripts: Names of the console scripts in ``.venv/bin``.
    """
    links = {
        VENV / "share/ament_index/resource_index/packages" / PACKAGE: ROOT / "resource" / PACKAGE
    }
    for name in ("package.xml", "launch", "config"):
        links[VENV / "share" / PACKAGE / name] = ROOT / name
    for name in scripts:
        links[VENV / "lib" / PACKAGE / name] = VENV / "bin" / name
    for link, target in links.items():
        _link(link, target)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
