"""How this program was called, so that every line to type can be typed as it stands."""

from __future__ import annotations

import os
import re
import sys

from deploy.cli.table import VERBS

_LINE = re.compile(rf"(?<![\w./-])kit (?=(?:{'|'.join(VERBS)})\b)")


def program() -> str:
    """Return the name that the person typed: the launcher's path, or just kit where PATH leads to it."""
    path = os.environ.get("KIT_COMMAND") or "kit"
    if "/" not in path:
        return path
    import shlex
    import shutil

    name = path.rpartition("/")[2]
    return name if path == shutil.which(name) else shlex.quote(path)


def as_typed(text: str) -> str:
    """Return a text whose `kit VERB` lines begin with the name that the person typed."""
    return _LINE.sub(lambda _: f"{program()} ", text)


def this_line(*more: str) -> str:
    """Return the line that was typed, with more words at its end."""
    import shlex

    return f"{program()} {shlex.join([*sys.argv[1:], *more])}"
