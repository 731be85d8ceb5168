"""A failure of the host names the file that could not be written."""

from __future__ import annotations

import ast
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.errors import told
from deploy.agent.journal import Journal
from deploy.agent.remembered import append_line
from tests.tree import RECEIVER, REPOSITORY, travelling

FULL = Path("/dev/full")
WRITES = {"write", "write_text", "write_bytes", "fsync"}
NAMED_ELSEWHERE = {
    ("deploy/agent/__main__.py", "_run"): "standard output",
    ("deploy/agent/__main__.py", "_tell"): "standard output",
    ("deploy/agent/keep_hold.py", "_forward"): "standard output",
    ("deploy/agent/inputs/archive.py", "_write"): "the opener of the stream names it",
    ("deploy/agent/bridge/edit.py", "_write"): "the opener of the stream names it",
    ("deploy/agent/late.py", "_set"): "a setting of the kernel, with words of its own",
    ("deploy/agent/data/marks.py", "_write"): "a mark that cannot be left is left out",
    ("deploy/agent/backups/carried.py", "_fed"): "a pipe to tar, which names what it cannot write",
    ("deploy/agent/backups/elsewhere.py", "elsewhere"): "memory",
    ("deploy/agent/backups/remote_room.py", "_said"): "a pipe to ssh, whose end leaves the space unknown",
}
"""Functions that write without naming a file, and why."""


def test_a_line_that_does_not_fit_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "audit.log").symlink_to(FULL)
    with pytest.raises(OSError, match=r"audit\.log") as failure:
        append_line(tmp_path / "audit.log", {"time": "now"})
    assert told(failure.value).problem == f"the disk of {tmp_path}/audit.log is full"


def test_a_full_disk_of_the_journal_hides_no_failure(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), "1")

    def work() -> None:
        with journal.step("place"):
            journal.path.unlink()
            journal.path.symlink_to(FULL)
            raise OSError(errno.EIO, "it broke", "the engine")

    with pytest.raises(OSError, match="the engine"):
        work()


def test_every_write_of_the_agent_names_its_file() -> None:
    unnamed = {
        (name, function)
        for name in travelling()
        if name != RECEIVER
        for function in _unnamed(ast.parse((REPOSITORY / name).read_text()))
    }
    assert unnamed == set(NAMED_ELSEWHERE)


def _unnamed(node: ast.AST, function: str = "") -> Iterator[str]:
    """Yield the function of each write that stands in no `with naming(...)`."""
    if isinstance(node, ast.With) and any(_name(item.context_expr) == "naming" for item in node.items):
        return
    if isinstance(node, ast.FunctionDef):
        function = node.name
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
        yield function
    for child in ast.iter_child_nodes(node):
        yield from _unnamed(child, function)


def _name(call: ast.expr) -> str:
    return call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
