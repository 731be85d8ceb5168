"""Offers as services of a host and programs beside the stack see them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.decide.view import Offered, published, seen_from
from deploy.deployment.offers import ChatApi, Inside, Offer, Outside
from deploy.deployment.port import Port
from tests.golden.plans_of import PLANS, desired_of

NEAR = ChatApi("openai", Inside("main", 8080, "/v1"), ("gemma",), None)
FAR = ChatApi("openai", Inside("far", 8080, "/v1"), ("gemma",), None)


def offers_at(host: str, offered: list[Offered]) -> list[Offer]:
    return [each.offer for each in seen_from(host, offered)]


def test_a_service_sees_the_offers_of_its_own_host_in_their_order() -> None:
    offered = [Offered("here", NEAR), Offered("box", FAR), Offered("here", FAR)]
    assert offers_at("here", offered) == [NEAR, FAR]
    assert offers_at("box", offered) == [FAR]


def test_an_engine_outside_of_the_stack_is_seen_by_services_of_every_host() -> None:
    outside = replace(FAR, address=Outside("http://mac.lan:11434"))
    own = replace(outside, address=Outside("http://127.0.0.1:11434"))
    offered = [Offered("here", outside), Offered("here", own), Offered("box", NEAR)]
    assert offers_at("box", offered) == [outside, NEAR]
    assert offers_at("here", offered) == [outside, own]


def test_a_program_reaches_an_offer_at_the_port_of_the_host(tmp_path: Path) -> None:
    service = desired_of(PLANS / "settled" / "kit.yaml", tmp_path).deployment.service("main")
    open_to_all = replace(service, ports=(Port("127.0.0.1", 9000, 9), Port("192.168.1.20", 8081, 8080)))
    assert published(NEAR, open_to_all).url == "http://192.168.1.20:8081/v1"
