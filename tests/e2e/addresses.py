"""Addresses of this machine, asked of the kernel."""

from __future__ import annotations

import fcntl
import socket
import struct

DOCKER_BRIDGE = "docker0"
SIOCGIFADDR = 0x8915


def bridge_address(interface: str = DOCKER_BRIDGE) -> str:
    """Return where containers reach this machine.

    The kernel knows it as soon as the bridge exists. Docker 20.10 tells no gateway of its default network until its
    daemon was started a second time.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        answer = fcntl.ioctl(asked, SIOCGIFADDR, struct.pack("256s", interface.encode()))
    return socket.inet_ntoa(answer[20:24])


def own_address() -> str:
    """Return the address that this machine has in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        towards.connect(("203.0.113.1", 9))
        address: str = towards.getsockname()[0]
    return address
