"""A machine of the same network that tries what no published address is meant for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.lab.host import LabHost

CONNECTED = """
import json, socket, sys
found = []
for port in json.loads(sys.argv[2]):
    with socket.socket() as trying:
        trying.settimeout(2)
        if trying.connect_ex((sys.argv[1], port)) == 0:
            found.append(port)
print(json.dumps(found))
"""
SENT_TO_LOOPBACK = """
import random, socket, struct, sys, time
near, far, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
# One of its own each time: what answered an earlier packet says so again for half a minute.
source = random.randrange(20000, 60000)
def summed(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
with socket.socket() as asked:
    asked.settimeout(2)
    asked.connect_ex((far, 22))
lines = [line.split() for line in open("/proc/net/arp")]
hardware, card = next((bytes.fromhex(line[3].replace(":", "")), line[5]) for line in lines if line[0] == far)
ends = socket.inet_aton(near) + socket.inet_aton("127.0.0.1")
def syn(check):
    return struct.pack("!HHIIBBHHH", source, port, 7, 0, 0x50, 2, 1024, check, 0)
def ip(check):
    return struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, check) + ends
segment = syn(summed(ends + struct.pack("!BBH", 0, 6, 20) + syn(0)))
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as link:
    link.bind((card, 0x0800))
    link.settimeout(0.5)
    link.send(hardware + link.getsockname()[4] + b"\\x08\\x00" + ip(summed(ip(0))) + segment)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        try:
            seen = link.recv(2048)
        except TimeoutError:
            continue
        if seen[23] == 6 and seen[34:38] == struct.pack("!HH", port, source) and seen[47] & 0x12 == 0x12:
            print("answered")
            break
"""
"""Sends the first packet of a connection to 127.0.0.1 of another machine, by that machine's hardware address."""


def opened(host: LabHost, address: str, ports: list[int]) -> list[int]:
    """Return the ports of an address to which a host can connect."""
    found: list[int] = json.loads(host.read("python3", "-c", CONNECTED, address, json.dumps(ports)))
    return found


def answers_for_loopback(host: LabHost, other: LabHost, port: int) -> bool:
    """Return True if another machine answers to what a host sends to 127.0.0.1 there."""
    return "answered" in host.read("python3", "-c", SENT_TO_LOOPBACK, host.address, other.address, str(port))


def address_of(host: LabHost, container: str, network: str) -> str:
    """Return the address of a container in one of its networks."""
    inspected = json.loads(host.read("docker", "inspect", container))
    address: str = inspected[0]["NetworkSettings"]["Networks"][network]["IPAddress"]
    return address


@contextmanager
def routed(host: LabHost, address: str, over: LabHost) -> Iterator[None]:
    """Let a host send what is for an address to another one."""
    host.read("ip", "route", "replace", f"{address}/32", "via", over.address)
    try:
        yield
    finally:
        host.read("ip", "route", "del", f"{address}/32")
