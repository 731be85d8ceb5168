from __future__ import annotations

from pathlib import Path

import pytest

from deploy.decide import kept_ways
from deploy.decide.kept_ways import keep_ways, recall_ways
from deploy.deployment.way import Way

WAYS = {"here": Way(), "box": Way("ssh", "box", "192.168.1.20", "admin", 2222, "~/.ssh/key", is_optional=True)}


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "kit.yaml"
    path.write_text("kit: 1\nstack: home\n")
    return path


def test_what_was_kept_of_a_kit_yaml_is_recalled_for_it_alone(spec: Path) -> None:
    assert recall_ways(spec) == {}
    keep_ways(spec, WAYS)
    assert recall_ways(spec) == WAYS
    other = spec.with_name("other.yaml")
    other.write_bytes(spec.read_bytes())
    assert recall_ways(other) == {}


def test_a_host_that_kit_yaml_may_name_no_more_is_not_recalled(spec: Path) -> None:
    keep_ways(spec, WAYS)
    spec.write_text("kit: 1\nstack: rome\n")
    assert recall_ways(spec) == {}
    spec.unlink()
    assert recall_ways(spec) == {}


def test_another_kit_reads_kit_yaml_by_itself(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_ways(spec, WAYS)
    for stamps in ("other", None):
        monkeypatch.setattr(kept_ways, "package_stamps", lambda stamps=stamps: stamps)
        assert recall_ways(spec) == {}


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_ways_that_another_user_could_have_written_lead_nowhere(spec: Path, mode: int) -> None:
    keep_ways(spec, WAYS)
    (file,) = (spec.parent / "cache/kit/ways").iterdir()
    file.chmod(mode)
    assert recall_ways(spec) == {}


def test_a_spoilt_file_is_none(spec: Path) -> None:
    keep_ways(spec, WAYS)
    (file,) = (spec.parent / "cache/kit/ways").iterdir()
    for content in (b"", b"[]", file.read_bytes().replace(b'"port"', b'"door"')):
        file.write_bytes(content)
        assert recall_ways(spec) == {}
