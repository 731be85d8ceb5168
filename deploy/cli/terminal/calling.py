"""The program and its arguments, as the person typed them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from deploy.agent.line import PROGRAM


def program() -> str:
    """Return the name that the person typed: the launcher's path, or `kit` if PATH leads to it."""
    path = os.environ.get("KIT_COMMAND") or PROGRAM
    if "/" not in path:
        return path
    import shlex
    import shutil

    name = path.rpartition("/")[2]
    return name if path == shutil.which(name) else shlex.quote(path)


def this_line(*more: str, instead_of: str = "") -> str:
    """Return the typed line with more options at its end, without one that they replace."""
    import shlex

    words = list(_without(instead_of, sys.argv[1:]))
    # Behind `--` no word is an option.
    end = words.index("--") if "--" in words else len(words)
    return f"{program()} {shlex.join([*words[:end], *more, *words[end:]])}"


def _without(option: str, words: list[str]) -> Iterator[str]:
    """Yield the typed words without an option and its value."""
    following = iter(words)
    for word in following:
        if word == option:
            next(following, None)
        elif not (option and word.startswith(f"{option}=")):
            yield word
