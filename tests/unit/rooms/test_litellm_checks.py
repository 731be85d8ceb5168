"""The gateway's checks while hosts are left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.components.litellm import verify
from deploy.deployment.host import Deployment
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.engines import Engines
from deploy.verify.left_out import LeftOut
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.places import engine, gateway

NEAR = {"id": "gemma at http://main:8080/v1", "model": "gemma", "vectors": True, "limited": False}
FAR = {"id": "poet at http://192.168.1.20:11435", "model": "poet", "vectors": False, "limited": False}
ALIAS = {"id": "writer", "model": "poet", "vectors": False, "limited": False}
AWAY = LeftOut(("192.168.1.20",), {"poet": "box", "writer": "box"})


class Known(HostSecrets):
    """Secrets whose values a test knows."""

    def value(self, name: str) -> str:
        return f"value of {name}"


def asked(left_out: LeftOut, *upstreams: dict[str, object]) -> list[str]:
    """Ask a gateway that answers for gemma alone; return the models that it was asked for."""
    models: list[str] = []

    def play(one: Asked) -> None:
        body = one.body().decode()
        models.append(next(model for model in ("gemma", "poet", "writer") if f'"{model}' in body))
        if models[-1] != "gemma":
            one.answer(500, b"{}")
        else:
            one.tell({"choices": [{"message": {"content": "hello"}}], "usage": {"completion_tokens": 1}})

    with scripted(play) as server:
        front = gateway(engine(), port=int(server.url.rpartition(":")[2])).service
        front = replace(front, facts={**front.facts, "upstreams": list(upstreams)})
        evidence = evidence_of(Deployment("home", (front,), ()))
        try:
            verify.test_passes_a_chat_message_on_to_every_engine(
                front, Web(front, Known(evidence)), Engines(evidence, left_out)
            )
        finally:
            assert set(models) <= {"gemma", "poet", "writer"}
    return models


def test_an_engine_that_has_to_answer_and_does_not_is_red() -> None:
    with pytest.raises(NotAsPlannedError, match="poet at"):
        asked(LeftOut(), NEAR, FAR)


@pytest.mark.parametrize("upstreams", [(NEAR, FAR), (NEAR, FAR, ALIAS), (FAR,)])
def test_an_engine_of_a_host_that_is_left_out_is_told_and_never_green(upstreams: tuple[dict[str, object], ...]) -> None:
    with pytest.raises(pytest.skip.Exception, match="not asked, for the host does not answer and is optional: poet at"):
        asked(AWAY, *upstreams)


def test_without_a_host_that_is_left_out_all_are_asked() -> None:
    assert asked(AWAY, NEAR) == ["gemma"]
