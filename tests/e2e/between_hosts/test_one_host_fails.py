"""One host of an apply fails or goes away: the others are rolled back or finish."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deploy.hosts.wire.holding import SILENCE_SECONDS
from tests.e2e.evidence import Evidence
from tests.e2e.lab.later_version import SAYS, later_version
from tests.e2e.lab.pair import APPLY, ENGINE, GATEWAY, NOTHING, Pair
from tests.e2e.lab.stack_on import containers, holder, release
from tests.e2e.lab.steady import steadily_asked
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]


def test_a_version_of_the_gateway_that_never_gets_healthy_silences_nobody_and_takes_the_engines_host_back(
    pair: Pair, evidence: Evidence
) -> None:
    pair.apply()
    before = {name: (release(host), containers(host)) for name, host in pair.hosts.items()}
    edge, spare = f"http://{pair.box.address}:{ENGINE}/api/tags", f"http://127.0.0.1:{ENGINE}/api/version"
    gateway = f"http://{pair.desk.address}:{GATEWAY}/health/liveliness"

    def change(spec: dict[str, Any]) -> None:
        spec["engines"][0]["keep_alive"] = "13m"
        spec["gateway"]["health_timeout"] = "20s"

    with (
        pair.changed(change),
        later_version(pair, "litellm", pair.desk),
        steadily_asked(pair.box, edge) as asked_box,
        steadily_asked(pair.desk, spare, gateway) as asked_desk,
    ):
        failed = pair.person.kit(*APPLY, code=1)
    ends = failed.document["error"]["hosts"]

    assert {host: ending["state"] for host, ending in ends.items()} == {"box": "rolled back", "desk": "rolled back"}
    told = ends["desk"]["said"]
    assert re.match(rf"the new litellm did not get healthy: not within 20 s .*\n  {SAYS}\n", told), told
    assert "the running litellm was not stopped" in told
    evidence.keep_text("changing-service.txt", f"{asked_desk[gateway]}, in {failed.seconds:.0f} s")
    assert set(asked_box[edge].counts) == {"401"}
    assert set(asked_desk[spare].counts) == set(asked_desk[gateway].counts) == {"200"}
    for name, host in pair.hosts.items():
        was, ids = before[name]
        assert release(host) == was
        # The engine had changed before the gateway was tried.
        assert {service for service, id_ in containers(host).items() if ids[service] != id_} <= {"main"}
    assert pair.answer()
    assert pair.apply() == NOTHING


def test_a_host_that_leaves_the_network_is_named_and_the_others_finish(pair: Pair) -> None:
    def change(spec: dict[str, Any]) -> None:
        for engine in spec["engines"]:
            engine["keep_alive"] = "14m"

    with pair.changed(change):
        with pair.person.running(*APPLY, "--keep-going") as process:
            wait_until(lambda: holder(pair.desk), "it is held", saw=process.poll, pause=COSTLY_LOOK_SECONDS)
            with pair.cut_off(pair.desk):
                out, err = process.communicate(timeout=600)
                assert process.returncode == 1, out + err
                wait_until(
                    lambda: not holder(pair.desk),
                    "the cut frees it",
                    SILENCE_SECONDS * 2,
                    saw=lambda: holder(pair.desk),
                    pause=COSTLY_LOOK_SECONDS,
                )
        assert "desk: " in err
        assert pair.apply()["box"] == {}
        assert pair.apply() == NOTHING
