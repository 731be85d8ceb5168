"""`kit init` asks where images come from, and says the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.cli.terminal.output import Output
from deploy.spec.loading.loader import load_spec
from tests.unit.cli.conftest import Kit


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("answer", "origin"), [("", "build"), ("build", "build"), ("pull", "pull")])
def test_a_person_is_asked_where_images_come_from_and_told_the_difference(
    answer: str, origin: str, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"Name": "lab", "Model:": "llama3.2:3b", "Images:": answer}
    asked: list[str] = []

    def answered(_: Output, question: str) -> str:
        asked.append(question)
        return answers[question.split()[0]]

    monkeypatch.setattr(Output, "can_ask", property(lambda _: True))
    monkeypatch.setattr(Output, "asked", answered)
    assert kit("init").code == 0
    assert load_spec(Path("kit.yaml")).images.source == origin
    assert "assembled here from Debian and Python packages" in asked[-1]
    assert "the official ones" in asked[-1]


def test_the_source_of_images_is_an_option_and_a_wrong_answer_names_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kit("init", "--images", "pull", "one").code == 0
    assert kit("init", "two").code == 0
    assert load_spec(Path("one/kit.yaml")).images.source == "pull"
    assert "images: {source: build, debian: moving}\n" in Path("two/kit.yaml").read_text()
    monkeypatch.setattr(Output, "can_ask", property(lambda _: True))
    monkeypatch.setattr(Output, "asked", lambda _, question: "yes" if question.startswith("Images") else "")
    refused = kit("init", "three")
    assert (refused.code, Path("three").exists()) == (2, False)
    assert "--images: 'yes' is not build or pull" in refused.err
