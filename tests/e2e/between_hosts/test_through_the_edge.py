"""A gateway on one box asks an engine on the other, through the edge and with a key that nobody typed."""

from __future__ import annotations

import pytest

from tests.e2e.lab.pair import ENGINE, NOTHING, Pair, asked

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
KEY = "/opt/kit/lab/secrets/edge-box/edge-box_api_key"


def test_the_gateway_of_one_box_asks_the_engine_of_the_other(pair: Pair) -> None:
    operations = pair.apply()

    assert operations["box"]["service edge-box"] == operations["desk"]["service litellm"] == "not on host"
    assert pair.answer()
    assert pair.apply() == NOTHING


def test_the_key_was_made_on_one_box_and_is_read_on_the_other_and_lies_nowhere_else(pair: Pair) -> None:
    key = pair.box.read("cat", KEY)
    copy = KEY.replace("secrets/edge-box/", "secrets/litellm/")

    assert pair.desk.read("cat", copy) == key
    assert pair.desk.read("stat", "-c", "%a", copy).strip() == "400"
    for path in pair.person.folder.rglob("*"):
        assert not path.is_file() or path.stat().st_size > 2**20 or key.encode() not in path.read_bytes(), path
    for host in (pair.box, pair.desk):
        assert key not in host.read("sh", "-c", "docker inspect $(docker ps -q); cat /opt/kit/lab/audit.log")


def test_a_third_machine_needs_the_key_and_finds_nothing_else(pair: Pair) -> None:
    tags = f"http://{pair.box.address}:{ENGINE}/api/tags"

    assert asked(tags)[0] == asked(tags, "wrong")[0] == 401
    assert asked(tags, pair.box.read("cat", KEY))[0] == 200
    assert pair.box.read("ss", "-Hltn", "src", pair.box.address).count("LISTEN") == 1


def test_a_key_that_is_made_anew_reaches_its_reader(pair: Pair) -> None:
    pair.box.read("rm", KEY)
    operations = pair.apply()

    assert operations["box"]["secret edge-box_api_key"] == "not on host"
    assert operations["desk"]["secret edge-box_api_key"] == "edge-box has another value"
    assert pair.answer()
    assert pair.apply() == NOTHING
