"""How this program was called, so that every line to type can be typed as it stands."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from deploy.cli.commands import VERBS, WITH_MODELS, WITHOUT_FILE

_NAMES = "|".join(VERBS)
_LINE = re.compile(rf"(?<![\w./-])kit (?=(?:{_NAMES})\b)")
# Between backticks, or to the end of a line that it begins or that a colon leads to: `type: kit lock`.
_AS_ROOT = r"(?:sudo (?:-\S+ )*)?"
_TO_TYPE = re.compile(
    rf"(?<=`){_AS_ROOT}kit (?:{_NAMES})\b[^`\n]*(?=`)"
    rf"|(?:^|(?<=: ))kit (?:{_NAMES})\b[^`,;()\n]*(?=$|, then)",
    re.MULTILINE,
)
_FILE: ContextVar[Path | None] = ContextVar("kit.yaml of this run", default=None)


def asked_about(spec: Path | None) -> None:
    """Let lines to type name the kit.yaml of this run; None where they need not."""
    _FILE.set(spec)


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
    """Return a text whose `kit VERB` lines begin with the name that the person typed, and name the file they meant."""
    return _LINE.sub(lambda _: f"{program()} ", _TO_TYPE.sub(lambda found: _completed(found[0]), text))


def together(text: str, joint: str) -> str:
    """Return a text whose lines to type, already as they are typed, hold together at their blanks."""
    line = rf"{re.escape(program())} (?:{_NAMES})\b[^`,;()\n]*"
    return re.sub(line, lambda found: found[0].replace(" ", joint), text)


def _completed(line: str) -> str:
    """Add the kit.yaml of this run to a line that lacks it; whoever wrote the line, the agent say, need not know it."""
    spec = _FILE.get()
    words = line.split()
    verb = words[words.index("kit") + 1]
    is_path = _is_path_beside_models if verb in WITH_MODELS else _is_path
    if spec is None or verb in WITHOUT_FILE or any(map(is_path, words)):
        return line
    from deploy.errors import typed

    # As the verbs tell a file from a name.
    name = str(spec)
    return f"{line} {typed(name if '.' in name or '/' in name else f'./{name}')}"


def _is_path(word: str) -> bool:
    return "." in word or "/" in word


def _is_path_beside_models(word: str) -> bool:
    # A model's name may have both.
    return word.endswith((".yaml", ".yml"))


def this_line(*more: str, instead_of: str = "") -> str:
    """Return the line that was typed, with more words at its end; an option that they replace is left out of it."""
    import shlex

    return f"{program()} {shlex.join([*_without(instead_of, sys.argv[1:]), *more])}"


def _without(option: str, words: list[str]) -> Iterator[str]:
    """Yield what was typed but an option and its value."""
    following = iter(words)
    for word in following:
        if word == option:
            next(following, None)
        elif not (option and word.startswith(f"{option}=")):
            yield word
