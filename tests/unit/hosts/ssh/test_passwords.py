"""Passwords for sudo come from a file, a variable or a terminal, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.ssh.passwords import forget, known_password, password_of, take_over


def box(kept: str = "prompt") -> Way:
    way = Way("ssh", "box", "192.168.1.20", "admin", sudo_password=kept)
    forget(way)
    return way


def test_a_file_holds_one_line_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "box.sudo"
    file.write_text("sesame\n")
    file.chmod(0o640)
    with pytest.raises(KitError, match="other users may read"):
        password_of(box(f"file:{file}"))
    file.chmod(0o600)
    assert password_of(box(f"file:{file}")) == "sesame"
    for text in ("", "\n", "one\ntwo\n", "one\rtwo", "\0"):
        file.write_text(text, newline="")
        with pytest.raises(KitError, match="must hold one line"):
            password_of(box(f"file:{file}"))
    with pytest.raises(KitError, match="cannot be read: No such file"):
        password_of(box(f"file:{tmp_path}/missing"))


def test_a_variable_is_read_and_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOX_SUDO", "sesame")
    assert password_of(box("env:BOX_SUDO")) == "sesame"
    for text in ("", "\n", "sesame\n", "sesame\r\n{}", "\udcff"):
        monkeypatch.setenv("BOX_SUDO", text)
        with pytest.raises(KitError, match=r"hosts.box.sudo_password: the variable BOX_SUDO must hold one line"):
            password_of(box("env:BOX_SUDO"))
    monkeypatch.delenv("BOX_SUDO")
    with pytest.raises(KitError, match=r"hosts.box.sudo_password: the variable BOX_SUDO is not set"):
        password_of(box("env:BOX_SUDO"))


def test_nobody_is_asked_without_a_terminal() -> None:
    with pytest.raises(KitError, match="no terminal to ask a person on"):
        password_of(box())


def test_a_password_is_known_to_this_run_once_the_host_has_asked() -> None:
    way = box()
    assert known_password(way) is None
    take_over(way, "sesame")
    assert (password_of(way), known_password(way)) == ("sesame", "sesame")
    forget(way)
