"""Parts of a host that its stacks share: they stay until no stack needs them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import CLEAN
from deploy.agent.line import Line
from deploy.hosts.wire.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.removals import CleanAnswer, CleanRequest

DOCKERS = "docker"
"""Beginning of the names of Debian's packages of Docker's."""


def clean(transport: Transport, *, cache: bool) -> CleanAnswer:
    """Ask the agent to clean; it refuses while a run needs them."""
    request: CleanRequest = {"cache": cache}
    return transport.call(CLEAN, request)


def packages_words(installed: list[str]) -> str:
    """Return the line that removes Docker's packages; empty if the kit did not install them."""
    # AppArmor, which an engine needs too, guards other programs of the machine.
    packages = [name for name in installed if name.startswith(DOCKERS)]
    if not packages:
        return ""
    line = f"apt remove {shlex.join(packages)}"
    return f"Docker stays, for other programs may use it; these packages brought it: {line}"


def stays_words(places: list[str], installed: list[str]) -> str:
    """Return the remains of a destroyed stack in words, with the line that removes them; empty without any."""
    if not places:
        return ""
    words = (
        f"What stacks share stays: images that others use, {', '.join(places)}; "
        f"`{Line('clean')}` removes what none needs."
    )
    return "\n".join(filter(None, (words, packages_words(installed))))
