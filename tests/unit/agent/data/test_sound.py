"""A service does not start on data that is gone or belongs to another database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy.agent.data.sound import ensure_sound
from deploy.agent.errors import AgentError
from tests.unit.agent.data.places import KIND, PARTS, SERVICE, Host, write_chats, write_model


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    write_chats(found.data, "of the kit", "ada", chats=2)
    found.release("a" * 64, found.data)
    data = {"host_path": str(found.data), "items": [{"relpath": part} for part in PARTS]}
    services = [{"name": SERVICE, "kind": KIND, "data": data}, {"name": "main", "kind": "ollama", "data": None}]
    engines = [{"name": "main", "protocol": "ollama", "models_dir": str(tmp_path / "models")}]
    decided = {"services": services, "engines": engines}
    (found.root / "current" / "deployment.json").write_text(json.dumps(decided))
    return found


def test_data_of_before_is_started_on_and_so_is_what_was_never_accepted(host: Host) -> None:
    ensure_sound(host.root, [SERVICE, "main"])
    host.accept()
    ensure_sound(host.root, [SERVICE, "main"])
    write_chats(host.data, chats=1)
    ensure_sound(host.root, [SERVICE])


def test_data_that_is_gone_or_anothers_is_refused_for_the_service_that_has_it(host: Host) -> None:
    host.accept()
    host.empty()
    with pytest.raises(AgentError, match=f"the data of {SERVICE} is not there: {host.data} is empty"):
        ensure_sound(host.root, [SERVICE])
    ensure_sound(host.root, ["main"])
    write_chats(host.data, "somebody else", chats=9)
    with pytest.raises(AgentError, match="holds another database"):
        ensure_sound(host.root, [SERVICE])


def test_an_engine_whose_models_are_gone_does_not_start_either(host: Host) -> None:
    models = host.folder / "models"
    write_model(models, "llama")
    host.accept(host.models(models))
    ensure_sound(host.root, ["main"])
    shutil.rmtree(models / "manifests")
    with pytest.raises(AgentError, match="the data of main is not there"):
        ensure_sound(host.root, ["main"])


def test_a_stack_without_a_release_has_nothing_to_look_at(tmp_path: Path) -> None:
    ensure_sound(Host(tmp_path).root, [SERVICE])
