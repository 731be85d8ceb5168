"""The rules as the kernel has them: listed, placed and removed by Docker's own program, iptables."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable

from deploy.agent.contract import AS_ROOT
from deploy.agent.docker.installed import PROGRAM_FOLDERS
from deploy.agent.errors import AgentError
from deploy.agent.firewall.rules import CHAIN, FOUR, TABLE, Rule, is_of, is_same
from deploy.agent.programs import which

SECONDS = 30


def path_of(program: str) -> str:
    """Return the path of a program; raise AgentError if the host lacks it."""
    path = which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *PROGRAM_FOLDERS]))
    if path is None:
        raise AgentError(f"this host has no {program}", "install the package iptables")
    return path


def lines_of(program: str, stack: str) -> list[str]:
    """Return a stack's rules as the kernel has them; raise AgentError if it does not tell them."""
    return [line for line in _asked(program, "-S", CHAIN).splitlines() if is_of(line, stack)]


def missing(stack: str, rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules that the kernel lacks."""
    lines = {program: lines_of(program, stack) for program in dict.fromkeys(rule.program for rule in rules)}
    return [rule for rule in rules if not any(is_same(line, rule) for line in lines[rule.program])]


def raw_rules() -> list[list[str]]:
    """Return the rules by which Docker itself closes the way, each as its words."""
    return [shlex.split(line) for line in _asked(FOUR, "-S", "PREROUTING", table="raw").splitlines()]


def masquerading() -> list[list[str]]:
    """Return the rules that give packets on their way out an address of the host, each as its words."""
    rules = [shlex.split(line) for line in _asked(FOUR, "-S", "POSTROUTING", table="nat").splitlines()]
    return [words for words in rules if words[:1] == ["-A"] and "MASQUERADE" in words]


def nat_rules(program: str) -> list[str]:
    """Return the rules by which packets get another source or destination, as lines of `iptables -S`."""
    return _asked(program, "-S", table="nat").splitlines()


def set_rules(stack: str, rules: list[Rule], programs: Iterable[str]) -> bool:
    """Let the kernel have exactly these rules of a stack; `programs` may have placed others before."""
    changed = False
    for program in dict.fromkeys([FOUR, *programs, *(rule.program for rule in rules)]):
        wanted, lines = [rule for rule in rules if rule.program == program], lines_of(program, stack)
        for rule in wanted:
            if not any(is_same(line, rule) for line in lines):
                _asked(program, "-I", CHAIN, *rule.words)
                changed = True
        for line in lines:
            if not any(is_same(line, rule) for rule in wanted):
                _asked(program, "-D", *shlex.split(line)[1:])
                changed = True
    return changed


def _asked(program: str, *words: str, table: str = TABLE) -> str:
    if os.geteuid() != 0:
        raise AgentError("only root sees the kernel's rules", AS_ROOT)
    argv = [path_of(program), "-w", "-t", table, *words]
    quiet = subprocess.DEVNULL
    try:
        # A comment of somebody's rule may hold any bytes.
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="surrogateescape", stdin=quiet, timeout=SECONDS, check=False
        )
    except OSError as problem:
        raise AgentError(f"{program} does not start: {problem.strerror}", "install the package iptables") from problem
    except subprocess.TimeoutExpired:
        raise AgentError(f"{program} did not end within {SECONDS} s", "see who else changes its rules") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise AgentError(f"{program} -t {table}: {said[0]}", f"see `{program} -t {table} -S` on the host")
    return done.stdout
