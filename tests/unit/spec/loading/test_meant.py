"""A path that leads to no kit.yaml is answered with the one that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.spec.loading.loader import load_spec


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(path: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(Path(path))
    return caught.value.problem


@pytest.mark.parametrize(
    ("there", "typed", "meant"),
    [
        ("home/kit.yaml", "kit.yaml", "home/kit.yaml"),
        ("home/kit.yaml", "home", "home/kit.yaml"),
        ("home/kit.yaml", "home/kit.yml", "home/kit.yaml"),
        ("home/kit.yaml", "hmoe/kit.yaml", "home/kit.yaml"),
        ("kit.yaml", "kit.yml", "kit.yaml"),
        ("kit.yml", "kit.yaml", "kit.yml"),
        ("kit.yaml", "kti.yaml", "kit.yaml"),
        ("office.yaml", "ofice.yaml", "office.yaml"),
        ("kit.yaml", "something/else.yaml", ""),
        ("one/kit.yaml two/kit.yaml", "kit.yaml", ""),
    ],
)
def test_the_file_that_was_meant_is_named(there: str, typed: str, meant: str) -> None:
    for name in there.split():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("kit: 1\n")
    told = said(typed)
    assert told.startswith(f"{typed}: ")
    assert told.endswith(f"did you mean {meant}?" if meant else "` writes one")


def test_a_folder_without_any_is_told_as_before() -> None:
    Path("home").mkdir()
    assert said("home") == "home: is a directory; name the file in it"
