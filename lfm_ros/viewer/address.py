"""The address of the page: taken as asked for, or refused in one sentence."""

from __future__ import annotations

import socket

from lfm_ros.core.errors import LfmError


class AddressError(LfmError):
    """The page cannot be served at the address that was asked for."""


def check_free(host: str, port: int) -> None:
    """Refuse an address that cannot be bound.

    viser would go on to the next port by itself, and the user would look at somebody else's page.

    Args:
        host: Name or number of an address of this machine.
        port: 1 to 65535.

    Raises:
        AddressError: The port is out of range or in use, or the host is not this machine's.
    """
    if not 1 <= port <= 65535:
        raise AddressError(f"port {port} is not a port; give one from 1 to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            # As the server itself does: a port in TIME_WAIT is free, one that listens is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise AddressError(
            f"the viewer cannot listen on {host} port {port} ({error.strerror or error}); "
            f"end the program that uses it, or choose another with the parameter `port`"
        ) from error


def url(host: str, port: int) -> str:
    """Address to open in the browser; a wildcard host is shown as this machine."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
