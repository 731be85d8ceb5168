"""A box that boots again has everything up by itself."""

from __future__ import annotations

import pytest

from tests.e2e.lab.neighbour import address_of, opened, routed
from tests.e2e.lab.pair import ENGINE, NOTHING, Pair
from tests.e2e.lab.stack_on import containers, release
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]


def test_everything_is_back_after_a_boot(pair: Pair) -> None:
    pair.apply()
    before = {name: (release(host), set(containers(host))) for name, host in pair.hosts.items()}

    for host in pair.hosts.values():
        host.reboot()

    def seen() -> dict[str, tuple[str, set[str]]]:
        return {name: (release(host), set(containers(host))) for name, host in pair.hosts.items()}

    wait_until(lambda: seen() == before, "every service runs", saw=seen, pause=COSTLY_LOOK_SECONDS)
    wait_until(pair.answers, "the model answers", pause=COSTLY_LOOK_SECONDS)
    assert pair.apply() == NOTHING

    inner = address_of(pair.box, "kit-lab-main-1", "kit-lab_published")
    with routed(pair.desk, inner, pair.box):
        assert opened(pair.desk, pair.box.address, [ENGINE]) == [ENGINE]
        assert opened(pair.desk, inner, [ENGINE]) == [], "the way past the edge is closed after a boot"
