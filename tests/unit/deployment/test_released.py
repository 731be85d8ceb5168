from __future__ import annotations

import pytest

from deploy.deployment.host import Deployment
from deploy.deployment.released import read_released, released
from deploy.deployment.values import as_json
from tests.unit.rooms.places import webui
from tests.unit.rooms.test_open_webui import OFFERS


@pytest.mark.parametrize("user", ["10103:10103", "1000:1000"])
def test_a_persons_bridge_is_no_user_data_that_a_removal_takes_along(user: str) -> None:
    page = webui(OFFERS, bridge="/home/ada/chat", bridge_user="1000:1000", user=user).service
    decided = Deployment("home", (page,), ())
    read = read_released({"format": 1, **as_json(decided)})
    assert read is not None
    for release in (released(decided), read):
        assert {folder for service in release.services for folder in service.folders} == {"/home/ada/chat/data"}
