"""Kernel settings for addresses that appear after Docker: set, kept at boot, removed with the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent import late
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.nonlocal_binding import SETTINGS

FOUR, SIX = SETTINGS


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of a test's own in the place of the kernel's and of the system's."""
    monkeypatch.setattr(late, "LIVE", tmp_path / "proc")
    monkeypatch.setattr(late, "AT_BOOT", tmp_path / "sysctl.d")
    monkeypatch.setattr(late, "OTHERS", ())
    for name in SETTINGS:
        place = tmp_path / "proc" / name.replace(".", "/")
        place.parent.mkdir(parents=True)
        place.write_text("0\n")
    return tmp_path / "proc"


def value(live: Path, name: str) -> str:
    return (live / name.replace(".", "/")).read_text().strip()


def asked(*settings: str, stack: str = "home") -> bool:
    answer = late.run({"stack": stack, "root": "/none", "settings": list(settings)}, Journal("", ""))
    return bool(answer["changed"])


def test_what_is_asked_for_holds_now_and_after_each_boot(live: Path) -> None:
    assert asked(FOUR)
    assert not asked(FOUR)
    assert (value(live, FOUR), value(live, SIX)) == ("1", "0")
    assert f"\n{FOUR} = 1\n" in late.path_of("home").read_text()
    assert late.observe("home") == {"written": [FOUR], "live": [FOUR], "settable": [FOUR, SIX]}


def test_a_file_with_the_same_bytes_is_left_alone_and_a_lost_setting_is_mended(live: Path) -> None:
    asked(FOUR, SIX)
    before = late.path_of("home").stat().st_mtime_ns
    (live / FOUR.replace(".", "/")).write_text("0")
    assert asked(FOUR, SIX)
    assert (value(live, FOUR), late.path_of("home").stat().st_mtime_ns) == ("1", before)
    late.path_of("home").write_text("# something else\n")
    assert late.observe("home")["written"] == []
    assert asked(FOUR, SIX)


def test_a_stack_takes_its_own_settings_away_and_nobody_elses(live: Path) -> None:
    asked(FOUR, SIX)
    asked(FOUR, stack="office")
    assert late.ensure("home", ())
    assert not late.ensure("home", ())
    assert not late.path_of("home").exists()
    assert (value(live, FOUR), value(live, SIX)) == ("1", "0")
    assert late.ensure("office", ())
    assert value(live, FOUR) == "0"


def test_a_setting_that_a_person_made_stays(live: Path) -> None:
    (live / FOUR.replace(".", "/")).write_text("1")
    late.AT_BOOT.mkdir()
    (late.AT_BOOT / "10-mine.conf").write_text(f"-{FOUR}=1\n")
    asked(FOUR)
    late.ensure("home", ())
    assert value(live, FOUR) == "1"


def test_a_kernel_that_refuses_is_told_with_a_way_out(live: Path) -> None:
    (live / FOUR.replace(".", "/")).unlink()
    (live / FOUR.replace(".", "/")).mkdir()
    with pytest.raises(AgentError, match=FOUR) as failure:
        asked(FOUR)
    assert "publish: local" in failure.value.next_step
