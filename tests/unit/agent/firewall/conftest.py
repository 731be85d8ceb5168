"""A host whose rules are lines of a file, and whose Docker is told what it has."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.agent import scheduler
from deploy.agent.docker.api import Docker
from deploy.agent.firewall import keep, kernel
from deploy.agent.firewall.rules import bridge_of

BY_PROGRAMS = kernel._asked
IPTABLES = """#!/bin/sh
rules={folder}/$(basename "$0").$3
touch "$rules"
what=$4 chain=$5
[ $# -lt 5 ] || shift 5
case $what in
-S) echo "-P $chain ACCEPT"; cat "$rules" ;;
-C) grep -qxF -e "-A $chain $*" "$rules" ;;
-I) echo "-A $chain $*" | cat - "$rules" >"$rules.new"; mv "$rules.new" "$rules" ;;
-D) grep -vxF -e "-A $chain $*" "$rules" >"$rules.new"; mv "$rules.new" "$rules" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{folder}/called
for name; do :; done
case $1 in
enable) ln -sf "../$name" "{wants}/$name" ;;
disable) rm -f "{wants}/$name" ;;
esac
"""


def network(name: str, identity: str, **more: Any) -> dict[str, Any]:
    """Return a network as Docker lists it."""
    return {"Name": f"kit-home_{name}", "Id": identity * 64, "Options": {}, "Internal": False, **more}


@dataclass
class ToldDocker(Docker):
    """A Docker with this version and these networks."""

    version: str = "20.10.24+dfsg1"
    listed: list[dict[str, Any]] = field(default_factory=list)
    information: dict[str, Any] = field(default_factory=dict)
    running: list[dict[str, Any]] = field(default_factory=list)

    def info(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {"ServerVersion": self.version, **self.information}

    def networks(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return its networks."""
        assert labels in (None, {"com.docker.compose.project": "kit-home"})
        return self.listed

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return its containers."""
        assert labels == {"kit.stack": "home"}
        return self.running


@dataclass(frozen=True)
class Host:
    """Folders in the place of the system's, and the stack's Docker."""

    folder: Path
    docker: ToldDocker

    @property
    def root(self) -> Path:
        """Folder of the stack."""
        return self.folder / "home"

    def joined(self, *networks: dict[str, Any]) -> None:
        """Let Docker have exactly these networks, with their bridges."""
        self.docker.listed[:] = networks
        for each in networks:
            (self.folder / "net" / bridge_of(each)).mkdir(exist_ok=True)

    def rules(self, program: str = "iptables", table: str = "mangle") -> list[str]:
        """Return the rules that the kernel has."""
        file = self.folder / f"{program}.{table}"
        return file.read_text().splitlines() if file.exists() else []

    def write_rules(self, *lines: str, program: str = "iptables", table: str = "mangle") -> None:
        """Give the kernel exactly these rules."""
        (self.folder / f"{program}.{table}").write_text("".join(f"{line}\n" for line in lines))

    def asked(self, program: str, what: str, chain: str = "", *words: str, table: str = "mangle") -> str:
        """Do what iptables does, without its start."""
        file, line = self.folder / f"{program}.{table}", " ".join(("-A", chain, *words))
        lines = self.rules(program, table)
        if what == "-S":
            return "\n".join([f"-P {chain} ACCEPT", *lines])
        after = [line, *lines] if what == "-I" else [each for each in lines if each != line]
        file.write_text("".join(f"{each}\n" for each in after))
        return ""

    def called(self) -> list[str]:
        """Return the calls of systemctl since the last question."""
        log = self.folder / "called"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def by_programs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - the host comes first
    """Let the rules come and go by programs, as on a real host."""
    monkeypatch.setattr(kernel, "_asked", BY_PROGRAMS)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host with systemd and Docker 20.10, without networks."""
    for name in ("SYSTEMD", "UNITS", "CRON"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(scheduler, name, tmp_path / name)
    wants = tmp_path / "UNITS/docker.service.wants"
    wants.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    texts = {"iptables": IPTABLES, "ip6tables": IPTABLES, "systemctl": SYSTEMCTL}
    for name, text in texts.items():
        (programs / name).write_text(text.format(folder=tmp_path, wants=wants))
        (programs / name).chmod(0o755)
    (tmp_path / "net").mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(keep, "INTERFACES", tmp_path / "net")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = Host(tmp_path, ToldDocker())
    monkeypatch.setattr(kernel, "_asked", made.asked)
    return made
