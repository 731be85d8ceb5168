"""Text of a file that a person wrote, or the reason why it cannot be read."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from deploy.agent.line import Line
from deploy.errors import Problem, SpecError, as_word
from deploy.source_files import read_input
from deploy.strict import as_python, shown

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def file_name(path: Path) -> str:
    """Return a path as messages show it."""
    quoted = as_python(str(path))
    return str(path) if quoted[1:-1].replace("\\\\", "\\").replace("\\'", "'") == str(path) else quoted


def read_text(path: Path, limit: int, missing: str) -> str:
    """Return the text of a file that a person wrote; SpecError gives the reason if it cannot be read."""
    try:
        form = path.stat().st_mode
        if stat.S_ISDIR(form):
            raise _unreadable(path, "is a directory; name the file in it")
        if not stat.S_ISREG(form):
            raise _unreadable(path, "is not a regular file")
        content = read_input(path, limit)
    except FileNotFoundError:
        raise _unreadable(path, f"does not exist; {missing}") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > limit:
        raise _unreadable(path, f"is larger than {limit // 1024} KiB")
    return _without_control(path, content)


def with_line_feeds(text: str) -> tuple[str, str]:
    """Return a text with line feeds at all line ends, and the change in words (empty without a change)."""
    windows = text.count("\r\n")
    alone = text.count("\r") - windows
    if not windows and not alone:
        return text, ""
    counted = [f"{windows} with CR LF"] * bool(windows) + [f"{alone} with CR alone"] * bool(alone)
    note = f"line ends of other systems ({', '.join(counted)}) are read as LF"
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def decoded(file: str, content: bytes, *, may_hold_nul: bool = False) -> str:
    """Return the text of a file's bytes; SpecError gives the reason in the same words for all files."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SpecError([Problem(file, 0, 0, "", "is UTF-16; save it as UTF-8")])
    binary = SpecError([Problem(file, 0, 0, "", "is a binary file, not text")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content:
            raise binary from None
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        wrong = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise SpecError([_at(file, before, wrong)]) from None
    if "\0" in text and not may_hold_nul:
        raise binary
    return text


def _without_control(path: Path, content: bytes) -> str:
    if content.startswith(b"GGUF"):
        line = Line("init", "--gguf", as_word(path), spec=path.parent / "kit.yaml")
        raise _unreadable(path, f"is a GGUF file; `{line}` writes a kit.yaml with it")
    text = decoded(file_name(path), content)
    if match := _CONTROL.search(text):
        wrong = f"the control character {shown(match[0])} does not belong here"
        raise SpecError([_at(file_name(path), text[: match.start()], wrong)])
    return text


def _at(file: str, before: str, message: str) -> Problem:
    return Problem(file, before.count("\n") + 1, len(before) - before.rfind("\n"), "", message)


def _unreadable(path: Path, message: str) -> SpecError:
    return SpecError([Problem(file_name(path), 0, 0, "", message)])
