"""Engines are checked whether the kit runs them or not: they answer, and their models are as they were made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.engines import sync
from deploy.agent.journal import Journal
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.deployment.way import Way
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_engines import test_answers_the_host as answers_the_host
from deploy.verify.checks_engines import test_has_its_models_as_they_were_made as has_its_models
from deploy.verify.engines import Engines
from deploy.verify.left_out import LeftOut
from deploy.verify.run import check_argv, run_checks
from tests.doubles.ollama.server import Handler
from tests.unit.agent.engines.asking import GGUF, asking, from_file
from tests.unit.agent.engines.conftest import serving
from tests.unit.played import evidence_of, stack_at


def created(name: str, digest: str) -> CreatedModel:
    return CreatedModel(name, {"model": name}, digest, {}, "")


def stack(root: Path, monkeypatch: pytest.MonkeyPatch, address: str, *models: CreatedModel) -> tuple[Engine, Engines]:
    engine = Engine("mac", "external", "ollama", address, models)
    return engine, Engines(evidence_of(Deployment(stack_at(root, monkeypatch), (), (), (engine,))))


def test_models_are_held_to_what_was_remembered_when_they_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.gguf").write_bytes(GGUF)
    with serving(tmp_path / "models", Handler) as double:
        made = [from_file(name, tmp_path / "own.gguf") for name in ("kept", "gone", "changed")]
        asked = asking(tmp_path, double.url, made)
        asked["engines"][0] |= {"name": "mac", "models_dir": None}
        sync.run(asked, Journal(str(tmp_path), "run-1"))
        planned = [created(one["name"], one["digest"]) for one in made]
        engine, engines = stack(tmp_path, monkeypatch, double.url, *planned)
        answers_the_host(engine, engines)
        has_its_models(engine, engines)

        from deploy.agent.protocols.ollama.engine import Engine as Asked

        live = Asked(asked["engines"][0], tmp_path)
        live.remove("gone")
        live.create({"model": "changed", "from": "kept", "system": "by hand"}, lambda _said: None)
        other = [*planned[1:], created("kept", "another"), created("never", "0")]
        engine, engines = stack(tmp_path, monkeypatch, double.url, *other)
        words = "gone is missing, changed was changed in the engine, kept is not made as planned, never is missing"
        with pytest.raises(NotAsPlannedError, match=f"^{words}; `kit apply` mends it$"):
            has_its_models(engine, engines)


@pytest.mark.parametrize("is_managed", [True, False])
def test_a_model_that_has_lost_a_part_is_not_as_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_managed: bool
) -> None:
    (tmp_path / "own.gguf").write_bytes(GGUF)
    with serving(tmp_path / "models", Handler) as double:
        made = from_file("tech", tmp_path / "own.gguf", system="Be brief.")
        asked = asking(tmp_path, double.url, [made])
        folder = str(double.store.root) if is_managed else None
        asked["engines"][0] |= {"name": "mac", "models_dir": folder}
        sync.run(asked, Journal(str(tmp_path), "run-1"))
        engine, engines = stack(tmp_path, monkeypatch, double.url, created("tech", made["digest"]))
        engine = replace(engine, models_dir=folder)
        engines = Engines(evidence_of(replace(engines.evidence.deployment, engines=(engine,))))
        has_its_models(engine, engines)
        (manifest,) = double.store.models().values()
        double.store.blob(manifest.of_kind("system")[0].digest).unlink()
        anew = Engines(evidence_of(engines.evidence.deployment))
        why = "its layer system .* is missing" if is_managed else "the engine lists it and lacks a part of it"
        with pytest.raises(NotAsPlannedError, match=f"^tech is damaged: {why}; `kit apply` mends it$"):
            has_its_models(engine, anew)


def test_an_engine_that_sleeps_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, engines = stack(tmp_path, monkeypatch, "http://127.0.0.1:1", created("tech", "0"))
    with pytest.raises(NotAsPlannedError, match=r"engine mac: .* refuses the connection"):
        answers_the_host(engine, engines)
    with pytest.raises(NotAsPlannedError, match="nobody can tell"):
        has_its_models(engine, engines)


def test_an_engine_without_a_container_is_checked_under_its_name_and_only_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = stack(tmp_path, monkeypatch, "http://127.0.0.1:1")
    absent = Deployment("no-such-stack-of-any-test", (), (), (engine,))
    assert any(word.endswith("checks_engines.py") for word in check_argv(absent, tmp_path))
    report = run_checks(absent, None, lambda _check: None, Way())
    told = {check.name: check for check in report.checks if check.service == "mac"}
    prompts = "makes prompts with the planned template"
    assert set(told) == {"answers the host", "has its models as they were made", prompts}
    assert "refuses the connection" in told["answers the host"].message
    report = run_checks(absent, ("other",), lambda _check: None, Way())
    assert {check.service for check in report.checks} == {"stack"}


def test_a_memory_that_a_newer_kit_wrote_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "models.json").write_text('{"format": 99}')
    engine, engines = stack(tmp_path, monkeypatch, "http://127.0.0.1:1")
    with pytest.raises(NotAsPlannedError, match="was written by a newer kit; use the kit that wrote it"):
        answers_the_host(engine, engines)


def test_an_engine_of_a_host_that_is_left_out_is_away() -> None:
    absent = evidence_of(Deployment("home", (), ()), Path("/nowhere"))
    engines = Engines(absent, LeftOut(("192.168.1.20",)))
    assert engines.is_away("http://192.168.1.20:11435/v1")
    assert not engines.is_away("http://main:8080/v1")
