"""Verify predicts by the rule of the plan, from the deployment and the cards that the host tells."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from deploy.agent.contract.hardware import Card
from deploy.agent.contract.verbs import EVIDENCE, Answer, Request, Verb
from deploy.agent.observing import cards, evidence
from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.fit.share import Share, Unknown
from deploy.stack import HERE
from deploy.verify.evidence import HostEvidence, evidence_request
from deploy.verify.shares import Shares
from tests.locks import lock_of
from tests.unit.decide.test_shapes import BIG, OWN, deployment, spec_of
from tests.unit.refusing import Refusing

GIB = 2**30


class Telling(Refusing):
    """A host that tells its cards, or its problem with them."""

    def __init__(self, *sizes: int | None, problem: str = "") -> None:
        self.sizes = sizes
        self.problem = problem

    def call(self, verb: Verb[Request, Answer], _request: Request) -> Answer:
        assert verb == EVIDENCE
        bare = {"vendor": "nvidia", "uuid": None}
        told = [cast("Card", {**bare, "memory_bytes": size and size * GIB}) for size in self.sizes]
        if self.problem:
            return cast("Answer", {"parts": {}, "problems": {"cards": self.problem}})
        return cast("Answer", {"parts": {"cards": told}, "problems": {}})


def share(host: Telling, wanted: Deployment, model: str = "qwen3:32b") -> Share | Unknown:
    return Shares(HostEvidence(host, wanted)).of(wanted.services[0], model)


def test_the_share_is_that_of_the_plan() -> None:
    told = share(Telling(16), deployment(BIG, OWN))
    assert isinstance(told, Share)
    assert told.words == "57 to 74 %"
    assert told.advice.startswith("about 65 % on the card (needs 20 GiB, the card has 16)")
    whole = share(Telling(16), deployment(BIG, OWN), "own")
    assert isinstance(whole, Share)
    assert whole.is_whole


def test_what_is_missing_is_told_with_the_line_that_brings_it() -> None:
    spec = spec_of(BIG)
    told = share(Telling(16), resolve(spec, lock_of(spec))[HERE])
    assert told == Unknown("kit.lock has no header of its file; `kit lock --upgrade qwen3:32b` reads it")
    assert share(Telling(None), deployment(BIG)) == Unknown("the host does not tell the memory of its card")
    assert share(Telling(problem="only root can"), deployment(BIG)) == Unknown("only root can")
    assert share(Telling(16), deployment(BIG, gpu="none")) == Unknown("it has no card")


def test_the_agent_looks_at_cards_only_where_a_service_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [cast("Card", {"vendor": "nvidia", "uuid": None, "memory_bytes": 8 * GIB})]
    monkeypatch.setattr(cards, "cards", lambda: seen)
    for gpu, told in (("nvidia", seen), ("none", [])):
        wanted = deployment(BIG, gpu=gpu)
        assert evidence_request(wanted)["cards"] is (gpu != "none")
        assert evidence.PARTS["cards"](evidence_request(wanted), Path("/nowhere")) == {"cards": told}
