"""The way to a host, as kit.yaml says it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final, Literal

PROMPT: Final = "prompt"
"""Word of kit.yaml for a password that a person types."""


@dataclass(frozen=True)
class Way:
    """The control node's way to one host."""

    kind: Literal["local", "ssh"] = "local"
    """Transport that leads there; `local` is the machine that kit runs on."""
    name: str = ""
    """Name of the host in kit.yaml."""
    address: str = ""
    """Address, DNS name or `Host` of ~/.ssh/config."""
    user: str = ""
    """User to sign in as; empty for the choice of ssh itself, as of the fields below."""
    port: int = 0
    identity: str = ""
    """Path of the private key."""
    jump: str = ""
    """Host or hosts that the connection goes through, as ssh's ProxyJump has them."""
    sudo_password: str = PROMPT
    """Place of the password for sudo: `prompt`, env:NAME or file:PATH."""
    is_optional: bool = False
    """True if commands go on without the host while it does not answer."""

    @property
    def label(self) -> str:
        """User and address, as messages name the host."""
        return f"{self.user}@{self.address}" if self.user else self.address

    def line(self, *words: str) -> str:
        """Return the line with which a person signs in, or runs a command there."""
        options = ["-p", str(self.port)] if self.port else []
        options += ["-i", self.identity] if self.identity else []
        options += ["-J", self.jump] if self.jump else []
        return shlex.join(["ssh", *options, self.label, *words])
