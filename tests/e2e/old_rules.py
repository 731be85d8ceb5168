"""Rules of the kernel that an engine before has left on this machine."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Container, Iterator
from pathlib import Path

RULE = re.compile(r"-A (POSTROUTING -s \S+ ! -o (br-\w+) -j MASQUERADE)")


def remove_old_rules() -> None:
    """Remove each rule by which the network of a bridge that is gone reached other machines.

    A new network with the same addresses would reach them, too, and `kit verify` would rightly be red.
    """
    if shutil.which("iptables") is None:
        return
    told = subprocess.run(["iptables", "-t", "nat", "-S", "POSTROUTING"], capture_output=True, text=True, check=False)
    for rule in old_rules(told.stdout, {path.name for path in Path("/sys/class/net").iterdir()}):
        # Another worker may have removed it.
        subprocess.run(["iptables", "-t", "nat", "-D", *shlex.split(rule)], capture_output=True, check=False)


def old_rules(told: str, bridges: Container[str]) -> Iterator[str]:
    """Yield the rules, as iptables tells them, whose bridge is gone."""
    return (match[1] for match in RULE.finditer(told) if match[2] not in bridges)
