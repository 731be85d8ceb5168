"""Faulty files and what is said of each: tests/golden/bad_specs/CASE.yaml and, beside it, CASE.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.spec.loading.loader import load_spec
from tests.tree import REPOSITORY

CASES = sorted((REPOSITORY / "tests/golden/bad_specs").glob("*.yaml"))
GIB = 2**30


def said_of(path: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert caught.value.exit_code == 2
    return [str(problem).replace(str(path), "kit.yaml") for problem in caught.value.problems]


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.stem))
def test_a_faulty_file_is_told_every_fault_in_its_place(path: Path) -> None:
    assert said_of(path) == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_there_are_cases_and_each_has_its_words() -> None:
    assert len(CASES) >= 25
    assert {path.stem for path in CASES} == {path.stem for path in CASES[0].parent.glob("*.txt")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "kit.yaml:1:1: is empty; `kit init` writes one"),
        (b"kit: 1\nstack: \xff\n", "kit.yaml:2:8: the byte 0xff is not UTF-8; save the file as UTF-8"),
        ("kit: 1\n".encode("utf-16"), "kit.yaml: is UTF-16; save it as UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00\x80", "kit.yaml: is a binary file, not text"),
        (b"kit: 1\nstack: a\x07b\n", "kit.yaml:2:9: the control character '\\x07' does not belong here"),
        (b"#" * (2**20 + 1), "kit.yaml: is larger than 1024 KiB"),
        (b"kit: 1\rstack: \x1b[2J\r", "kit.yaml:1:15: the control character '\\x1b' does not belong here"),
    ],
)
def test_what_is_no_text_is_told_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "kit.yaml"
    path.write_bytes(content)
    assert said_of(path) == [words]


def test_what_is_no_file_is_told_in_words(tmp_path: Path) -> None:
    assert said_of(tmp_path / "missing.yaml") == ["kit.yaml: does not exist; `kit init` writes one"]
    assert said_of(tmp_path) == ["kit.yaml: is a directory; name the file in it"]
    assert said_of(Path("/dev/zero")) == ["kit.yaml: is not a regular file"]
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert said_of(loop) == ["kit.yaml: cannot be read: Too many levels of symbolic links"]
    assert "cannot be read" in str(said_of(tmp_path / "a\0b"))
    long = tmp_path / ("x" * 300)
    assert said_of(long) == ["kit.yaml: cannot be read: File name too long"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    good = (REPOSITORY / "inventories/quickstart/kit.yaml").read_text(encoding="utf-8")
    path = tmp_path / "kit.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())
    assert load_spec(path) == load_spec(REPOSITORY / "inventories/quickstart/kit.yaml")
