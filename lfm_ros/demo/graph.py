"""A ROS graph for the demo alone: on this computer only, in a domain that nobody else uses."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lfm_ros.core.errors import LfmError

# 0 is everybody's default; above 101 the ports are those that Linux hands out itself.
_DOMAINS = range(1, 102)
# UDP, because killed processes leave shared-memory files behind. Jazzy's rmw_fastrtps takes no
# notice of it where discovery is limited to this computer; others do.
_LOCAL = {
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
}


@contextmanager
def private_graph(logs: Path) -> Iterator[int]:
    """Set the environment of this process and its children for a graph of their own.

    What the user has set stays as it is; a ``ROS_DOMAIN_ID`` joins the demo to that domain.

    Args:
        logs: Folder for the logs that ROS writes.

    Yields:
        The domain.
    """
    before = dict(os.environ)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as claim:
        given = _given()
        domain = _claimed(claim) if given is None else given
        wanted = {**_LOCAL, "ROS_LOG_DIR": str(logs), "RCUTILS_COLORIZED_OUTPUT": "0"}
        if os.environ.get("ROS_DISTRO") == "humble":  # does not know the discovery range yet
            wanted["ROS_LOCALHOST_ONLY"] = "1"
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        os.environ.update({name: os.environ.get(name, value) for name, value in wanted.items()})
        try:
            yield domain
        finally:
            os.environ.clear()
            os.environ.update(before)


def _given() -> int | None:
    """The domain that the user has set."""
    text = os.environ.get("ROS_DOMAIN_ID", "")
    if text and not text.isdecimal():
        raise LfmError(f"ROS_DOMAIN_ID is {text!r}; set it to a number from 0 to 101, or unset it")
    return int(text) if text else None


def _claimed(claim: socket.socket) -> int:
    """A free domain, claimed by a name that vanishes with this process."""
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        if not _unused(domain):
            continue
        try:
            claim.bind(f"\0lfm_ros_domain_{domain}")
        except OSError:
            continue
        return domain
    raise LfmError("every ROS domain is in use on this computer; set ROS_DOMAIN_ID")


def _unused(domain: int) -> bool:
    """Whether the ports that RTPS gives to the first participants of a domain are free."""
    base = 7400 + 250 * domain
    return all(_free(base + offset) for offset in (0, 10, 11))


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
