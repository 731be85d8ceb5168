"""An apply over hosts of which one fails or does not answer, from the command line on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.agent.contract.envelope import Failure
from deploy.decide.desired import Desired
from deploy.errors import KitError
from deploy.hosts.wire.transport import AgentFailedError
from deploy.verify.report import Check, Report
from tests.golden.hosts import merged, settled
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts

SILENT = KitError("no route to host", "switch it on")
NEEDING = {HERE: frozenset[str](), BOX: frozenset({HERE})}
"""Needs of hosts where a gateway uses the other host's engine."""
UNHEALTHY: Failure = {"error": {"problem": "far did not get healthy", "next": "kit logs far"}, "rolled_back": True}


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts, each of which misses its engine's container."""

    def checked(*_: object) -> Report:
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    boxes = on_two_hosts(tmp_path, monkeypatch)
    for host, engine in ((HERE, "main"), (BOX, "far")):
        boxes[host].answers["probe"] = merged(settled(boxes[host].share), {"services": {engine: None}})
    return boxes


def test_a_host_that_does_not_answer_stops_the_apply(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[HERE].answers["probe"] = SILENT
    shown = kit("apply", "--yes")
    assert (shown.code, shown.err.splitlines()[-2:]) == (1, ["error: here: no route to host", "switch it on"])
    assert "hold" not in boxes[BOX].asked


def test_with_keep_going_the_other_host_is_finished_and_the_exit_code_says_so(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    boxes[HERE].answers["probe"] = SILENT
    shown = kit("apply", "--yes", "--keep-going", "--json")
    assert "accept" in boxes[BOX].asked
    assert (shown.code, shown.document["error"]["exit_code"]) == (1, 1)
    assert shown.document["error"]["hosts"] == {
        BOX: {"state": "done", "said": "done", "next": ""},
        HERE: {"state": "failed", "said": "no route to host", "next": "switch it on"},
    }
    assert "here is left out: no route to host" in shown.err


def test_a_host_without_a_change_is_told_beside_the_failed_one(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[HERE].answers["probe"], boxes[BOX].answers["probe"] = SILENT, settled(boxes[BOX].share)
    shown = kit("apply", "--yes", "--keep-going")
    assert shown.code == 1
    assert "error: box: nothing to change\nhere: no route to host\n  switch it on\n" in shown.err


def test_with_keep_going_a_host_that_needs_the_failed_one_is_left_out(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desired, "needs", NEEDING)
    boxes[HERE].answers["probe"] = SILENT
    shown = kit("apply", "--yes", "--keep-going")
    assert shown.code == 1
    assert "box is left out: it needs a host that is left out" in shown.err
    assert "box: stopped before its containers were changed: it needs a host that failed" in shown.err
    assert "hold" not in boxes[BOX].asked


def test_a_release_that_fails_on_the_gateways_host_is_rolled_back_on_the_engines(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desired, "needs", NEEDING)
    boxes[BOX].answers["converge"] = AgentFailedError(UNHEALTHY)
    shown = kit("apply", "--yes")
    assert shown.code == 1
    assert shown.err.endswith(
        "error: here: rolled back to release 0123, which runs now\nbox: far did not get healthy\n  kit logs far\n"
    )
    assert boxes[HERE].asked[-1] == "roll_back"


def test_hosts_whose_services_use_no_offer_of_the_other_need_none(boxes: Mapping[str, Box]) -> None:
    assert boxes[HERE].share.desired.needs == {HERE: frozenset(), BOX: frozenset()}


@pytest.fixture
def asleep(boxes: Mapping[str, Box], tmp_path: Path) -> Box:
    """The other host, which is optional and does not answer."""
    spec = tmp_path / "kit.yaml"
    spec.write_text(spec.read_text().replace("user: admin}", "user: admin, optional: true}"))
    boxes[BOX].is_asleep = True
    return boxes[BOX]


@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes"), ("verify",), ("status",)])
def test_an_optional_host_that_does_not_answer_is_left_out_and_told(
    words: tuple[str, ...], kit: Kit, asleep: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked(*_: object) -> Report:
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.cli.verbs.verify.run_checks", checked)
    shown = kit(*words, "--json")
    assert shown.code == 0, shown.err
    assert shown.document["left_out"] == {BOX: "box does not answer on port 22"}
    assert set(shown.document["hosts"]) == {HERE}
    assert "box is optional and left out: box does not answer on port 22" in shown.err
    assert asleep.asked == []


@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes"), ("verify",), ("status",), ("rebuild",)])
def test_an_optional_host_that_is_the_only_one_is_missed(words: tuple[str, ...], kit: Kit, asleep: Box) -> None:
    shown = kit(*words, "--host", BOX)
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == "error: box: box does not answer on port 22\nswitch box on\n"
    assert asleep.asked == []


def test_an_optional_host_is_brought_up_to_date_when_it_answers_again(kit: Kit, asleep: Box) -> None:
    assert kit("apply", "--yes").code == 0
    asleep.is_asleep = False
    shown = kit("apply", "--yes", "--json")
    assert (shown.code, shown.document["left_out"]) == (0, {})
    assert "accept" in asleep.asked


def test_an_optional_host_that_refuses_its_key_is_an_error(kit: Kit, asleep: Box) -> None:
    asleep.is_asleep = False
    asleep.answers["probe"] = KitError("box refuses every SSH key of this user", "let it accept a key")
    assert kit("plan").code == 1
