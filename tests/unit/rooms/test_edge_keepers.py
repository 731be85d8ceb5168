"""The machine that asks an edge with its key: the control node or a host that has it anyway, and no other one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.components.edge import outside as module
from deploy.verify.outsiders import Outsider
from tests.unit.played import Played
from tests.unit.rooms.test_edge_outside import HAS_KEY, KEY, PEER, STRANGER, Edge, seen


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)


def test_the_key_goes_to_no_host_that_does_not_have_it_anyway(tmp_path: Path) -> None:
    stranger = Outsider("attic", Played(tmp_path), secrets=("litellm_master_key",))
    edge = Edge()
    assert seen(edge, stranger) == {
        HAS_KEY: "skipped: not asked: attic has no copy of the key, and gets none for a check",
        "told": f"asked from attic ({STRANGER})",
    }
    assert f"Bearer {KEY}" not in edge.sent


def test_a_reader_asks_with_the_key_where_another_machine_asks_without(tmp_path: Path) -> None:
    stranger = Asking("attic", Played(tmp_path), secrets=())
    reader = Asking("desk", Played(tmp_path), secrets=("edge_api_key",))
    edge = Edge(sees=[STRANGER, "192.168.1.6"])
    assert seen(edge, stranger, reader) == {"told": f"asked from attic ({STRANGER})asked from desk (192.168.1.6)"}
    assert (KEY in stranger.keys, KEY in reader.keys) == (False, True)
    # A reader that comes first does both, and the other one is asked nothing.
    stranger.keys.clear()
    assert seen(Edge(), reader, stranger) == {"told": f"asked from desk ({STRANGER})"}
    assert stranger.keys == []


def test_a_reader_that_is_no_peer_asks_with_the_key_in_place_of_a_peer(tmp_path: Path) -> None:
    peer = Asking("desk", Played(tmp_path), secrets=("edge_api_key",))
    control_node = Asking("here", Played(tmp_path))
    edge = Edge(sees=[PEER, STRANGER])
    assert seen(edge, peer, control_node, peers=(PEER,)) == {"told": f"asked from here ({STRANGER})"}
    assert (KEY in peer.keys, KEY in control_node.keys) == (False, True)


class Asking(Outsider):
    """A machine that notes the keys it was given."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.keys: list[str] = []

    def knock(self, questions: Sequence[Any]) -> list[Any]:
        self.keys += [asked["key"] for asked in questions]
        return super().knock(questions)
