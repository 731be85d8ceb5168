"""The probe asks engines with all that an apply asks them with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.decide.desired import load_desired
from deploy.hosts.observation.asked import probe_request
from deploy.hosts.observation.observe import observe
from deploy.stack import HERE
from tests.golden.plans_of import LOCK, PLANS, desired_of
from tests.unit.agent.engines.certificates import own_certificate, served_with
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import Played

KEY = "sk-of-the-engine"


def play(asked: Asked) -> None:
    listed: dict[str, Any] = {"models": [{"name": "a:latest", "digest": "d", "size": 1}], "data": [{"id": "a"}]}
    asked.tell(listed) if asked.headers.get("authorization") == f"Bearer {KEY}" else asked.answer(401)


@pytest.mark.parametrize("api", ["ollama", "openai"])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_an_engine_behind_the_authority_of_the_spec_is_asked_in_a_probe(
    tmp_path: Path, api: str, is_trusted: bool
) -> None:
    certificate = own_certificate(tmp_path)
    with scripted(play, served_with(certificate)) as server:
        lines = ["kit: 1", "stack: home", "gateway: null", "webui: null", "backup: null"]
        lines += [f"engines: [{{name: mac, kind: external, api: {api}, url: '{server.url}', key: 'env:MAC'}}]"]
        lines += [f"ca: {certificate}"] if is_trusted else []
        spec = tmp_path / "kit.yaml"
        spec.write_text("\n".join([*lines, ""]))
        shutil.copy(LOCK, tmp_path / "kit.lock")
        deployment = load_desired(spec).on(HERE).deployment
        observation = observe(Played(tmp_path / "kit"), deployment, {"mac_api_key": KEY}, spec)
    engines: dict[str, Any] = {**observation.engines, **observation.named_engines}
    if is_trusted:
        assert not engines["mac"].problem
        assert "a" in (engines["mac"].digests if api == "ollama" else engines["mac"].names)
    else:
        assert "certificate" in engines["mac"].problem


def test_a_probe_sends_a_room_its_own_decisions_and_nothing_else_of_the_service(tmp_path: Path) -> None:
    deployment = desired_of(PLANS / "settled" / "kit.yaml", tmp_path).deployment
    room = deployment.service("open_webui").room
    assert probe_request(deployment)["rooms"] == {"open_webui": {"kind": "open_webui", "room": room}}
