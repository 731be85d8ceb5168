"""Words of status while kit.yaml was changed and not applied: the machine as it is."""

from __future__ import annotations

from dataclasses import replace

from deploy.cli.told.state import state_document
from deploy.decide.desired import Share
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.places import SeenData, SeenPlace
from deploy.stack import HERE
from tests.unit.cli.test_state import desired, prepared, running, text

__all__ = ["desired", "running"]


def test_a_change_that_is_not_applied_is_not_told_as_how_things_are(desired: Share, running: Observation) -> None:
    now = SeenPlace("missing")
    moved = SeenData(now, SeenPlace("data", ("1",), words="2 chats"), before="/srv/bridge/data", had=True)
    page = running.services["open_webui"]
    older = replace(page, labels={"kit.digest": "0" * 64}, ports=("127.0.0.1:3041",))
    seen = replace(running, places={"open_webui": moved}, services={**running.services, "open_webui": older})
    shown = text(desired, seen)
    assert "people open http://127.0.0.1:3041\n" in shown
    assert "Chats and documents lie in /srv/bridge/data." in shown
    document = state_document(desired.desired, {HERE: prepared(desired, seen)})
    assert document["open"] == "http://127.0.0.1:3041"
    assert document["hosts"][HERE]["data"] == {"open_webui": "/srv/bridge/data"}
    far = replace(older, ports=("fd00::20:3041",))
    assert "people open http://[fd00::20]:3041\n" in text(desired, replace(seen, services={"open_webui": far}))
