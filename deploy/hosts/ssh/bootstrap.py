"""Start of the agent on a host over SSH: one command that becomes root, tells about the host, and becomes the agent.

In the normal case it costs one round trip. Where the agent is missing, the host says so and takes it from its standard
input. The command has no secret in it: sudo takes a password from standard input, when it asks for one.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from deploy.hosts.ssh import receiving
from deploy.hosts.wire.agent_zip import AgentZip
from deploy.stack import AGENT_FOLDER, HOST_PYTHON

MARK = "kit-agent"
"""First word of the lines that are for the control node: a login shell may print others."""
ASKS = "kit-asks-for-the-password-of-sudo"
"""Prompt of sudo, by which the control node knows that it waits for a password."""
NO_SUDO = "no-sudo"
# $0 is the mark, $1 the program for root, $2 the agent's path, $3 its size, $4 the verb, $5 the program that stores it.
_AS_USER = (
    'u=$(id -u); if [ "$u" = 0 ]; then exec /bin/sh -c "$1" "$0" 0 "$2" "$3" "$4" "$5"; fi; '
    f'command -v sudo >/dev/null 2>&1 || {{ echo "$0 {NO_SUDO}"; exit 1; }}; '
    f'exec sudo -S -p {ASKS} -- /bin/sh -c "$1" "$0" "$u" "$2" "$3" "$4" "$5"'
)
_AS_ROOT = (
    f"p={HOST_PYTHON}; s=ready; "
    'if [ -f "$2" ]; then touch -c "$2"; else s=wants; fi; [ -x $p ] || s=no-python; '
    "o=; if [ -r /etc/os-release ]; then . /etc/os-release; o=$(echo $ID $ID_LIKE); fi; "
    'echo "$0 $s $1 $(date +%s) $o"; '
    'if [ $s = ready ]; then exec $p -X utf8 -IS "$2" "$4"; fi; '
    'if [ $s = wants ]; then exec $p -IS -c "$5" "$0" "$2" "$3" "$4"; fi; exit 1'
)
_RECEIVE = "import sys;exec(bytes.fromhex(sys.stdin.buffer.readline().decode()))"


@dataclass(frozen=True)
class Greeting:
    """The words of a host before its agent starts."""

    state: str
    """ready, wants (the agent is missing) or no-python."""
    uid: int
    """User who signed in; sudo has made it root since."""
    time: float
    system: tuple[str, ...]
    """Its distribution, and those that it is like."""


def agent_path(agent: AgentZip) -> str:
    """Return the path of an agent on a host."""
    return f"{AGENT_FOLDER}/{agent.name}"


def bootstrap_command(agent: AgentZip, verb: str) -> str:
    """Return the command for a login shell of any kind: single quotes and one line."""
    words = (_AS_ROOT, agent_path(agent), str(agent.size), verb, _RECEIVE)
    return shlex.join(("/bin/sh", "-c", _AS_USER, MARK, *words))


def sent_agent(agent: AgentZip) -> bytes:
    """Return what a host without the agent gets: a program that stores it, and its bytes."""
    program = Path(receiving.__file__).read_bytes()
    return program.hex().encode() + b"\n" + agent.content


def read_greeting(words: list[str]) -> Greeting | None:
    """Read the words behind the mark; None if they are none of a greeting."""
    if len(words) < 3 or not words[1].isdigit() or not words[2].isdigit():
        return None
    return Greeting(words[0], int(words[1]), float(words[2]), tuple(words[3:]))
