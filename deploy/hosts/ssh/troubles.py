"""Failures of ssh in words: each has its own problem and its own next step."""

from __future__ import annotations

import re
from collections.abc import Callable

from deploy.agent.line import Line
from deploy.deployment.way import PROMPT, Way
from deploy.errors import KitError, UnreachableError

_FINGERPRINT = re.compile(r"Server host key: (\S+) (SHA256:\S+)")
_CHANGED = re.compile(r"sent by the remote host is\s+(SHA256:\S+?)\.?\s")
_OFFENDING = re.compile(r"Offending \S+ key in (\S+):(\d+)")
_PLACE = re.compile(r"connect to host (\S+) port (\d+):")
_UNRESOLVED = re.compile(r"Could not resolve hostname (\S+):")
_DENIED = re.compile(r"(\S+): Permission denied \(([^)]*)\)")
_KNOWN_AS = re.compile(r"host key is known for (\S+) and|Host key for (\S+) has changed")
_PLAIN = re.compile(r"\[(.+)\]:\d+")
_NOISE = re.compile(
    r"debug\d: |OpenSSH_|Authenticated to |Transferred: |Bytes per second: "
    r"|Connection closed|kex_exchange_identification|banner exchange"
)
_HOP_ENDED = re.compile(r"(?m)^(?!debug).*closed by UNKNOWN port")
"""Words of ssh where another program makes the connection, as for a jump, and ends too early."""
_NOT_FORWARDED = "stdio forwarding failed"
"""Words of the last hop where the host itself does not let it in."""


def ssh_trouble(way: Way, said: str) -> KitError:
    """Return the error for what ssh printed when it could not connect."""
    # A trace also tells of attempts that failed before another one succeeded.
    plain = "\n".join(line for line in said.splitlines() if not line.startswith("debug"))
    for sign, told in _TROUBLES:
        if sign in plain:
            kind = UnreachableError if told in _AWAY else KitError
            return kind(*told(way, said))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if not _NOISE.match(line)), lines[-1] if lines else "nothing")
    return KitError(f"SSH to {way.label} failed: {last}", f"try the connection by hand: {way.line()}")


def needs_more_words(said: str) -> bool:
    """Return True if a run with more words alone tells the rest: an unknown key's fingerprint, or a hop's failure."""
    return "host key is known for" in said or bool(_HOP_ENDED.search(said))


def _failed_at_hop(said: str) -> bool:
    """Return True if a host on the way failed, not the host itself."""
    return _NOT_FORWARDED not in said and bool(_HOP_ENDED.search(said))


def _label(way: Way, said: str) -> str:
    """Name the machine that failed: a hop as ssh's words have it."""
    if not _failed_at_hop(said):
        return way.label
    known = _PLACE.search(said) or _KNOWN_AS.search(said)
    return f"{next(filter(None, known.groups()))} (on the way to {way.label})" if known else way.label


def is_passing(said: str) -> bool:
    """Return True if a name server only failed to answer in time."""
    return "Temporary failure in name resolution" in said


def _unresolved(way: Way, said: str) -> tuple[str, str]:
    name = _found(_UNRESOLVED, said) or way.address
    field = "jump" if _failed_at_hop(said) else "address"
    return (
        f"no address is known for the name {name}",
        f"correct `{field}` of {way.name} in kit.yaml, or give the name an address in DNS, /etc/hosts or ~/.ssh/config",
    )


def _refused(way: Way, said: str) -> tuple[str, str]:
    field = "jump" if _failed_at_hop(said) else "port"
    return (
        f"{_label(way, said)} refuses connections to port {_port(way, said)}",
        f"start SSH there (`sudo apt install openssh-server`), or correct `{field}` in kit.yaml",
    )


def _silent(way: Way, said: str) -> tuple[str, str]:
    name = "it" if _failed_at_hop(said) else way.name
    return (
        f"{_label(way, said)} does not answer on port {_port(way, said)}",
        f"switch {name} on, and check its address, its firewall and the network; then run the same command again",
    )


def _unknown_key(way: Way, said: str) -> tuple[str, str]:
    keys = _FINGERPRINT.findall(said)
    kind, fingerprint = keys[-1] if keys else ("", "")
    shown = f": {fingerprint} ({kind})" if fingerprint else ""
    file = kind.removeprefix("ssh-").partition("-")[0] or "ed25519"
    return (
        f"the host key of {_label(way, said)} is not known here{shown}",
        f"compare it with `ssh-keygen -lf /etc/ssh/ssh_host_{file}_key.pub` there; if equal, type: {way.line('true')}",
    )


def _changed_key(way: Way, said: str) -> tuple[str, str]:
    place = _OFFENDING.search(said)
    known = f"; another one is known at {place[1]}:{place[2]}" if place else ""
    named = _KNOWN_AS.search(said)
    own = f"[{way.address}]:{way.port}" if way.port not in (0, 22) else way.address
    # An alias of ~/.ssh/config is not the name under which the key is known.
    name = (named and next(filter(None, named.groups()))) or own
    step = f"ssh-keygen -R '{name}', then accept the new one: {way.line('true')}"
    machine = "it" if _failed_at_hop(said) else way.name
    return (
        f"the host key of {_label(way, said)} has changed to {_found(_CHANGED, said)}{known}",
        f"connect only if {machine} was installed anew, or somebody may listen in; if it was: {step}",
    )


def _denied(way: Way, said: str) -> tuple[str, str]:
    if way.identity and "no such identity: " in said:
        return f"there is no private key at {way.identity}", f"correct `identity` of {way.name} in kit.yaml"
    match = _DENIED.search(said)
    label, methods = (match[1], match[2]) if match else (way.label, "publickey")
    # ssh-copy-id has no option -J.
    target = _hop_line(way, label) if _failed_at_hop(said) else way.line()[4:].replace("-J ", "-o ProxyJump=", 1)
    step = f"let it accept a key: ssh-copy-id {target}; a key with a passphrase needs ssh-add first"
    return f"{label} refuses every SSH key of this user (it accepts: {methods})", step


def _hop_line(way: Way, label: str) -> str:
    """Return the words with which ssh-copy-id reaches a hop; ssh's own message leaves the port out."""
    port = next((hop.rpartition(":")[2] for hop in way.jump.split(",") if hop.rpartition(":")[0] == label), "")
    return f"-p {port} {label}" if port else label


def _too_many(way: Way, _said: str) -> tuple[str, str]:
    return (
        f"{way.label} refused before the right key was tried: ssh-agent holds too many",
        f"name the key at {way.name} in kit.yaml: `identity: ~/.ssh/id_ed25519`",
    )


def _open_key(way: Way, said: str) -> tuple[str, str]:
    path = _found(re.compile(r"Permissions \S+ for '([^']+)'"), said) or way.identity
    return f"ssh does not use the key {path}: other users may read it", f"type: chmod 600 {path}"


def lost(way: Way, said: str) -> KitError:
    """Return the error of a connection that ended before the host had said anything."""
    if any(sign in said for sign, _ in _TROUBLES):
        return ssh_trouble(way, said)
    return KitError(
        f"the connection to {way.label} was lost",
        "check the network, then run the same command again; it continues where this one stopped",
    )


def no_ssh() -> KitError:
    """Return the error of a control node without OpenSSH."""
    return KitError("there is no ssh on this machine", "install it: sudo apt install openssh-client")


def no_sudo(way: Way) -> KitError:
    """Return the error of a host whose user cannot become root."""
    return KitError(
        f"{way.label} is not root, and there is no sudo",
        f"install it there as root: apt install sudo && usermod -aG sudo {way.user or 'USER'}",
    )


def not_a_sudoer(way: Way) -> KitError:
    """Return the error of a user whom sudo does not let."""
    return KitError(f"{way.label} may not use sudo", f"allow it there as root: usermod -aG sudo {way.user or 'USER'}")


def wrong_password(way: Way) -> KitError:
    """Return the error of a password that sudo refused."""
    is_typed = way.sudo_password == PROMPT
    step = "run the same command again, and type that user's password" if is_typed else f"correct {way.sudo_password}"
    return KitError(f"sudo on {way.label} refused the password", step)


def no_terminal(way: Way) -> KitError:
    """Return the error of a password that nobody can be asked for."""
    return KitError(
        f"sudo on {way.label} asks for a password, and there is no terminal to ask a person on",
        f"write `sudo_password: file:PATH` at {way.name} in kit.yaml, or let its user run sudo without a password",
    )


def no_password(way: Way) -> KitError:
    """Return the error of a terminal that ended before a password was typed."""
    return KitError(f"no password was typed for sudo on {way.label}", "run the same command again, and type it")


def no_python(way: Way) -> KitError:
    """Return the error of a host without Python."""
    return KitError(f"{way.label} has no /usr/bin/python3", f"install it: {way.line('sudo apt install python3')}")


def old_python(way: Way, version: str) -> KitError:
    """Return the error of a host whose Python is too old."""
    return KitError(
        f"{way.label} has Python {version}; kit's agent needs 3.9 or newer",
        "upgrade the host to Debian 12, Ubuntu 24.04 or newer",
    )


def other_system(way: Way, system: str) -> KitError:
    """Return the error of a host that is neither Debian nor Ubuntu."""
    return KitError(
        f"{way.label} runs {system or 'no system with an /etc/os-release'}; kit deploys to Debian and Ubuntu",
        f"take {way.name} out of kit.yaml, or install Debian 12 or newer there",
    )


def other_time(way: Way, seconds: float) -> KitError:
    """Return the error of a host whose clock is far off."""
    minutes, side = round(abs(seconds) / 60), "behind" if seconds < 0 else "ahead of"
    return KitError(
        f"the clock of {way.label} is {minutes} minutes {side} this machine's",
        f"set the wrong clock: {way.line('sudo timedatectl set-ntp true')}",
    )


def unplaced(way: Way, problem: str) -> KitError:
    """Return the error of a host that could not store the agent."""
    return KitError(
        f"the agent cannot be stored on {way.label}: {problem}", f"mend this, then run `{Line('apply')}` again"
    )


def _port(way: Way, said: str) -> str:
    match = _PLACE.search(said)
    return match[2] if match else str(way.port or 22)


def _found(pattern: re.Pattern[str], said: str) -> str:
    match = pattern.search(said)
    return match[1] if match else ""


_TROUBLES: tuple[tuple[str, Callable[[Way, str], tuple[str, str]]], ...] = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", _changed_key),
    ("host key is known for", _unknown_key),
    ("UNPROTECTED PRIVATE KEY FILE", _open_key),
    ("Too many authentication failures", _too_many),
    ("Permission denied", _denied),
    ("Could not resolve hostname", _unresolved),
    ("Connection refused", _refused),
    ("Connection timed out", _silent),
    ("Operation timed out", _silent),
    ("No route to host", _silent),
    ("Network is unreachable", _silent),
    ("Host is down", _silent),
)
"""Signs in ssh's words, the most telling first."""
_AWAY = (_silent, _unresolved)
"""Troubles with a host that is off: it answers nothing, and a name that it gave itself is gone."""
