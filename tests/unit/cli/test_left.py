"""Words of status about data that nobody uses any more, and about data that became other data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.assets import inventories_dir
from deploy.cli.told.drift import drift
from deploy.cli.told.state import state_document
from deploy.decide.desired import Share, load_desired
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.places import LeftPlace, SeenData, SeenPlace
from deploy.stack import HERE
from tests.unit.cli.test_state import BARE, container, prepared, text


@pytest.fixture(scope="module")
def desired() -> Share:
    return load_desired(inventories_dir() / "quickstart/kit.yaml").on(HERE)


@pytest.fixture
def running(desired: Share) -> Observation:
    """A host that runs what was applied."""
    release, manifest = desired.bundle.release, desired.bundle.manifest
    services = {name: container(parts) for name, parts in desired.bundle.services.items()}
    return replace(BARE, release=release, good=release, manifest=manifest, services=services)


def test_what_removed_services_left_is_told_until_it_is_destroyed(desired: Share, running: Observation) -> None:
    left = (
        LeftPlace("page", "/srv/kit/quickstart/page"),
        LeftPlace("page", "/opt/kit/quickstart/secrets/page", "keys"),
    )
    shown = text(desired, replace(running, left=left))
    assert "left  data of page in /srv/kit/quickstart/page; no service uses it" in shown
    assert "left  keys of page in /opt/kit/quickstart/secrets/page; no service uses it" in shown
    assert "destroy --data" in shown
    document = state_document(desired.desired, {HERE: prepared(desired, replace(running, left=left))})
    assert document["hosts"][HERE]["left"][1]["kind"] == "keys"
    assert "left" not in text(desired, running)


def test_a_place_of_data_that_became_another_one_is_drift(running: Observation) -> None:
    kept = SeenPlace("data", ("a", "b"))
    sound = SeenData(kept, before="/srv/data", had=True, ids=("a",), words="2 chats and 1 account")
    assert drift(replace(running, places={"page": sound})) == ()
    gone = replace(sound, now=SeenPlace("empty"))
    other = replace(sound, now=SeenPlace("data", ("z",), words="0 chats and 1 account"))
    assert drift(replace(running, places={"page": gone})) == (
        "data of page: /srv/data is empty; it held 2 chats and 1 account at the last apply",
    )
    (words,) = drift(replace(running, places={"page": other}))
    assert words.startswith("data of page: /srv/data holds another database (0 chats and 1 account) than at the last")
    assert words.endswith("(2 chats and 1 account)")
    written = replace(next(iter(running.services.values())), replaced_folders=("/srv/data",))
    (line,) = drift(replace(running, services={**running.services, min(running.services): written}))[-1:]
    assert "writes to a folder that /srv/data was before" in line
