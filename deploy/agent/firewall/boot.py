"""The rules at each boot: a script, and the unit of systemd or the line of cron that runs it.

The unit runs before Docker starts a container, and again whenever Docker starts. Its bytes never change, so systemd is
reloaded once: a reload can cost a running container its card.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent import scheduler
from deploy.agent.firewall.rules import CHAIN, TABLE, Rule
from deploy.agent.kit_folders import project_of
from deploy.agent.remembered import write_file

if TYPE_CHECKING:
    from deploy.agent.contract.firewall import AtBoot

SCRIPT = """#!/bin/sh
# Written by kit for the stack {stack}; the next apply undoes a change by hand.
# These rules drop what other machines send to containers' own addresses.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
failed=0
rule() {{
    program=$1
    shift
    "$program" -w -t {table} -C {chain} "$@" 2>/dev/null || "$program" -w -t {table} -I {chain} "$@" || failed=1
}}
{lines}
exit $failed
"""
UNIT = """# Written by kit for the stack {stack}; the next apply undoes a change by hand.
[Unit]
Description=No other machine reaches a container's own address ({stack})
After=firewalld.service iptables.service netfilter-persistent.service nftables.service ufw.service
Before=docker.service
PartOf=docker.service
RequiresMountsFor={script}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {script}

[Install]
WantedBy=docker.service multi-user.target
"""
LINE = """# Written by kit for the stack {stack}; the next apply undoes a change by hand.
@reboot root /bin/sh {script} 2>&1 | logger -t {tag}
"""
WANTS = "docker.service.wants"
MODE = 0o644


class Boot:
    """The files by which a host places a stack's rules at each boot."""

    def __init__(self, stack: str, root: Path) -> None:
        self.stack = stack
        self.script = root / "run" / "firewall.sh"
        # No name of a stack or of a job has an underscore: no file of theirs has this name.
        name = f"{project_of(stack)}_firewall"
        self.unit, self.cron = scheduler.UNITS / f"{name}.service", scheduler.CRON / name

    @property
    def is_placed(self) -> bool:
        """True if the host has any file of it."""
        return any(path.exists() for path in (self.script, self.unit, self.cron))

    @property
    def programs(self) -> list[str]:
        """The programs that the placed script runs."""
        text = self.script.read_text() if self.script.exists() else ""
        return sorted({line.split()[1] for line in text.splitlines() if line.startswith("rule ")})

    def state(self, rules: Iterable[Rule]) -> AtBoot:
        """Compare the files with the rules."""
        starter = self._starter()
        if starter is None:
            return "never"
        wanted = {self.script: self._script(rules), starter[0]: starter[1]}
        return "placed" if self._is_enabled() and not _differing(wanted) else "differs"

    def place(self, rules: Iterable[Rule]) -> bool:
        """Place what differs; return True if anything did."""
        starter = self._starter()
        wanted = {self.script: self._script(rules), **({starter[0]: starter[1]} if starter else {})}
        differing = _differing(wanted)
        for path, content in differing.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, content.encode(), MODE)
        is_enabled = self._is_enabled()
        if not is_enabled:
            scheduler.systemctl("enable", "--quiet", "--no-reload", self.unit.name)
        if self.unit in differing or not is_enabled:
            # Last: only then does a start of Docker bring the unit along.
            scheduler.systemctl("daemon-reload")
        return bool(differing) or not is_enabled

    def remove(self) -> list[str]:
        """Remove every file of it, and return their paths."""
        there = [path for path in (self.unit, self.cron, self.script) if path.exists()]
        if self.unit in there and scheduler.has_systemd():
            scheduler.systemctl("disable", "--now", "--quiet", "--no-reload", self.unit.name)
        for path in there:
            path.unlink()
        if self.unit in there and scheduler.has_systemd():
            scheduler.systemctl("daemon-reload")
        return [str(path) for path in there]

    def _is_enabled(self) -> bool:
        return not scheduler.has_systemd() or (self.unit.parent / WANTS / self.unit.name).is_symlink()

    def _script(self, rules: Iterable[Rule]) -> str:
        lines = [shlex.join(["rule", rule.program, *rule.words]).replace("'!'", "!") for rule in rules]
        return SCRIPT.format(stack=self.stack, table=TABLE, chain=CHAIN, lines="\n".join(lines))

    def _starter(self) -> tuple[Path, str] | None:
        """Return the file that makes the host run the script, with its content."""
        if scheduler.has_systemd():
            return self.unit, UNIT.format(stack=self.stack, script=self.script)
        if scheduler.has_cron():
            return self.cron, LINE.format(stack=self.stack, script=self.script, tag=project_of(self.stack))
        return None


def _differing(wanted: dict[Path, str]) -> dict[Path, str]:
    return {
        path: content for path, content in wanted.items() if not path.exists() or path.read_bytes() != content.encode()
    }
