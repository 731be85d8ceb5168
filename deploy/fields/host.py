"""Fields of a host in kit.yaml, and the field that puts a part on a host."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.deployment.way import PROMPT
from deploy.fields.keys import REFERENCE
from deploy.fields.values import Name, Port, is_port, matching
from deploy.strict import Strict

_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:-]{0,252}")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,31}")
_HOP = r"([A-Za-z_][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
_JUMP = re.compile(rf"{_HOP}(,{_HOP})*")
_IDENTITY = re.compile(r"""[^\x00-\x1f\x7f"'%$-][^\x00-\x1f\x7f"'%$]{0,999}""")


def _without_user(value: str) -> str:
    """Propose the address alone where a user, brackets or a port stand beside it."""
    address = value.rpartition("@")[2]
    if inside := re.fullmatch(r"\[(.+)\](:[0-9]+)?", address):
        return inside[1]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _without_port(value: str) -> str:
    """Refuse a port behind the address: ssh would take both for one name, and find no such host."""
    if ":" in value and not _is_ipv6(value):
        host, _, port = value.rpartition(":")
        words = "{value} is no address; write {step}"
        step = f"`address: {host}` and `port: {port}`" if port.isdigit() else "the port as `port`"
        raise PydanticCustomError("name", words, {"value": f"'{value}'", "step": step})
    return value


def _with_ports(value: str) -> str:
    """Refuse a port that is none: ssh would blame a line of the kit's own settings."""
    for hop in value.split(","):
        port = re.search(r"(?<=:)[0-9]+$", hop)
        if port and not is_port(port[0]):
            words = "{port} of {hop} is not a port (1-65535)"
            raise PydanticCustomError("name", words, {"port": port[0], "hop": f"'{hop}'"})
    return value


def _is_ipv6(value: str) -> bool:
    try:
        return ip_address(value).version == 6
    except ValueError:
        return False


def _kept_elsewhere(value: str) -> str:
    """Refuse a password itself, without showing it."""
    if value != PROMPT and not REFERENCE.fullmatch(value):
        words = "write `prompt`, or `env:NAME` or `file:PATH` where the password is kept; this file goes to git"
        raise PydanticCustomError("name", words, {})
    return value


def _text(*examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": list(examples)})


Address = Annotated[
    str,
    matching(_ADDRESS, "an address, a DNS name or a `Host` of ~/.ssh/config", nearest=_without_user),
    AfterValidator(_without_port),
    _text("192.168.1.20", "box.lan"),
]
LoginUser = Annotated[str, matching(_USER, "the name of a user there"), _text("admin")]
Jump = Annotated[
    str,
    matching(_JUMP, "[USER@]HOST[:PORT], or several of them with commas between"),
    AfterValidator(_with_ports),
    _text("admin@gate.example.org"),
]
Identity = Annotated[
    str,
    matching(_IDENTITY, "the path of a private key, without quotes, '$' and '%'"),
    AfterValidator(lambda path: path.removeprefix("./")),
    _text("~/.ssh/id_ed25519"),
]
SudoPassword = Annotated[str, AfterValidator(_kept_elsewhere), _text(PROMPT, "file:box.sudo", "env:BOX_SUDO")]


class HostSpec(Strict):
    """A machine that kit reaches over SSH; ~/.ssh/config holds for all that is not written here."""

    address: Address | None = None
    """Its address, DNS name or `Host` of ~/.ssh/config; by default its name in this file."""
    user: LoginUser | None = None
    """User to sign in as: root, or one who may use sudo."""
    port: Port | None = None
    """Port of its SSH server."""
    identity: Identity | None = None
    """Private key to sign in with."""
    jump: Jump | None = None
    """Hosts that the connection goes through, as ssh's ProxyJump has them."""
    sudo_password: SudoPassword = PROMPT
    """Password for sudo there, if sudo asks for one: prompt (asked on the terminal), env:NAME or file:PATH."""
    manage: bool = False
    """True to let the kit change a Docker there that it did not install, as NVIDIA's cards need it."""
    optional: bool = False
    """Let plan, apply and verify go on without it while it is off; the next apply brings it up to date."""


class PlacedSpec(Strict):
    """A part of the stack that runs on one host, or is asked from one."""

    host: Annotated[Name | None, Field(json_schema_extra={"examples": ["box"]})] = None
    """Host that it is on, by its name in `hosts`; where `hosts` names one host, that one."""
