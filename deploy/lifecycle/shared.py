"""What the stacks of a machine share: it stays when one of them is destroyed, and goes when none needs it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import CLEAN
from deploy.agent.line import Line
from deploy.hosts.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.releases import CleanAnswer, CleanRequest

DOCKERS = "docker"
"""Beginning of the names of Debian's packages of Docker's."""


def clean(transport: Transport, *, cache: bool) -> CleanAnswer:
    """Ask the agent, which looks that no run needs it now."""
    request: CleanRequest = {"cache": cache}
    return transport.call(CLEAN, request)


def packages_words(installed: list[str]) -> str:
    """Say which of the Debian packages that the kit installed brought Docker; empty where Docker is not the kit's."""
    # AppArmor, which an engine needs too, guards other programs of the machine.
    packages = [one for one in installed if one.startswith(DOCKERS)]
    if not packages:
        return ""
    line = f"apt remove {shlex.join(packages)}"
    return f"Docker stays, for other programs may use it; these packages brought it: {line}"


def stays_words(places: list[str], installed: list[str]) -> str:
    """Say what a destroyed stack leaves on the machine, and the line that removes it; empty where there is nothing."""
    if not places:
        return ""
    words = (
        f"What stacks share stays: images that others use, {', '.join(places)}; "
        f"`{Line('clean')}` removes what none needs."
    )
    return "\n".join(filter(None, (words, packages_words(installed))))
