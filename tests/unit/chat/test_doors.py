from __future__ import annotations

from pathlib import Path

from tests.unit.clients.deployments import BOTH, NO_GATEWAY, ONE_FILE, doors_of


def test_the_gateway_comes_first_and_every_address_is_the_hosts_own(tmp_path: Path) -> None:
    gateway, engine = doors_of(BOTH, tmp_path)
    assert (gateway.url, gateway.is_gateway, gateway.is_local) == ("http://192.168.1.20:4001/v1", True, False)
    assert gateway.key is not None
    assert set(gateway.models) == set(engine.models) == {"embed", "poet", "coder:7b"}
    assert (engine.name, engine.url, engine.protocol, engine.key) == ("main", "http://127.0.0.1:21434", "ollama", None)
    assert engine.is_local
    assert engine.embeddings == ("embed",)


def test_a_client_is_told_an_address_that_other_machines_reach(tmp_path: Path) -> None:
    for written in ("[local, 192.168.1.20]", "lan", "all"):
        gateway, _ = doors_of(BOTH.replace("publish: 192.168.1.20", f"publish: {written}"), tmp_path)
        assert (gateway.url, gateway.is_local) == ("http://192.168.1.20:4001/v1", False)


def test_an_engine_that_the_kit_does_not_run_is_asked_at_its_own_address(tmp_path: Path) -> None:
    mac, studio = doors_of(NO_GATEWAY, tmp_path)
    assert (mac.url, mac.is_managed, mac.is_local) == ("http://mac.lan:11434", False, False)
    assert (studio.url, studio.name_of("fast"), studio.name_of("other")) == (
        "http://studio.lan:1234/v1",
        "qwen-7b",
        "other",
    )
    assert studio.key is not None


def test_an_engine_of_one_file_has_a_key_of_its_own(tmp_path: Path) -> None:
    (engine,) = doors_of(ONE_FILE, tmp_path)
    assert (engine.protocol, engine.models, engine.is_managed) == ("openai", ("gemma",), True)
    assert engine.key is not None
