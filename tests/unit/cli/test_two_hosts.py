"""Every command asks each host of a kit.yaml over its own transport, and joins what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.verbs import PROBE
from deploy.apply.prepared.members import Members
from deploy.apply.prepared.prepare import Outcome, prepare
from deploy.cli.verbs.hosts import ahead
from deploy.verify.report import Check, Report
from tests.golden.hosts import bare
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts

BOTH = {HERE, BOX}


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts, each as it should be."""
    return on_two_hosts(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("plan",), "probe"),
        (("status",), "probe"),
        (("models",), "probe"),
        (("logs",), "logs"),
        (("start",), "start"),
        (("stop",), "stop"),
        (("restart",), "restart"),
        (("down",), "down"),
        (("destroy", "--yes"), "destroy"),
        (("apply", "--yes"), "probe"),
    ],
)
def test_both_hosts_are_asked_and_stand_in_one_document(
    words: tuple[str, ...], verb: str, kit: Kit, boxes: Mapping[str, Box]
) -> None:
    shown = kit(*words, "--json")
    assert shown.code == 0, shown.err
    assert set(shown.document["hosts"]) == BOTH
    assert {host for host, box in boxes.items() if verb in box.asked} == BOTH


@pytest.mark.parametrize("words", [("check",), ("render", "--out", "rendered"), ("secret", "list")])
def test_what_the_files_say_is_told_of_both_hosts(words: tuple[str, ...], kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert set(kit(*words, "--json").document["hosts"]) == BOTH
    assert all("probe" not in box.asked for box in boxes.values())


def test_a_rendering_has_a_folder_for_each_host(kit: Kit, boxes: Mapping[str, Box], tmp_path: Path) -> None:
    assert kit("render", "--out", "rendered").code == 0
    assert {path.name for path in (tmp_path / "rendered").iterdir()} == set(boxes)


def test_text_for_people_stands_under_the_names_of_hosts(kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert set(boxes) == BOTH
    assert kit("plan").out == "here (clean):\nnothing to change\n\nbox (clean):\nnothing to change\n"
    assert kit("plan", "--host", "box").out == "nothing to change\n"
    listed = kit("models").out
    assert [line.split()[:2] for line in listed.splitlines() if "llama" not in line][1:3] == [
        ["poet", "main"],
        ["coder", "far"],
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("render", "--out", "rendered"),
        ("plan",),
        ("status",),
        ("models",),
        ("logs",),
        ("start",),
        ("stop",),
        ("restart",),
        ("down",),
        ("secret", "list"),
        ("clients",),
        ("apply", "--yes"),
        ("destroy", "--yes"),
    ],
)
def test_a_host_without_a_service_stops_no_command(
    words: tuple[str, ...], kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = on_two_hosts(tmp_path, monkeypatch, main=BOX)
    assert boxes[HERE].services == []
    shown = kit(*words)
    assert shown.code == 0, shown.err


def test_the_processor_of_a_host_without_a_service_does_not_matter(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = on_two_hosts(tmp_path, monkeypatch, main=BOX)
    for host, code in ((HERE, 0), (BOX, 1)):
        boxes[host].answers["probe"]["architecture"] = "aarch64"
        assert kit("plan").code == code


def test_a_change_of_one_host_alone_is_pending(kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert kit("plan", "--check").code == 0
    boxes[BOX].answers["probe"] = bare(boxes[BOX].share)
    shown = kit("plan", "--check", "--json")
    assert shown.code == 3
    assert {host for host, said in shown.document["hosts"].items() if said["operations"]} == {BOX}


def test_a_service_is_stopped_on_its_host_alone(kit: Kit, boxes: Mapping[str, Box]) -> None:
    document = kit("stop", "far", "--json").document
    assert document["hosts"] == {BOX: {"services": ["far"], "changed": True}}
    assert boxes[HERE].asked == []


def test_lines_of_both_hosts_are_printed_under_their_services(kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert set(boxes) == BOTH
    shown = kit("logs")
    assert [line.partition("-1")[0] for line in shown.out.splitlines()] == ["main", "far", "litellm"]
    followed = kit("logs", "--follow")
    assert (followed.code, followed.err.splitlines()) == (
        2,
        ["error: --follow follows one host", "--host NAME; there are: here, box"],
    )
    assert kit("logs", "--follow", "--host", "box").code == 0


def test_a_secret_comes_from_the_host_that_has_it(kit: Kit, boxes: Mapping[str, Box]) -> None:
    shown = kit("secret", "show", "litellm_master_key")
    assert (shown.out, boxes[HERE].asked) == ("key of box\n", [])


def test_the_gateways_key_is_read_on_the_gateways_host(kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert "export OPENAI_API_KEY='key of box'" in kit("clients", "--for", "env", "--show-secrets").out
    assert boxes[HERE].asked == []
    assert "sudo" not in kit("clients", "--for", "env").out
    assert "from box alone" in kit("clients").out
    boxes[BOX].is_rooted = False
    assert "sudo" not in kit("clients", "--for", "env").out


def test_a_model_is_removed_from_its_engine_on_its_host(kit: Kit, boxes: Mapping[str, Box]) -> None:
    document = kit("models", "remove", "old", "--engine", "far", "--yes", "--json").document
    assert document["error"]["problem"] == "far has no model 'old'"
    boxes[BOX].answers["engine"]["models"] = [{"name": "old", "digest": "0", "size": 1, "modified": "", "loaded": None}]
    document = kit("models", "remove", "old", "--engine", "far", "--yes", "--json").document
    assert set(document["hosts"]) == {BOX}
    assert boxes[HERE].asked == []


def test_checks_run_on_both_hosts_and_one_red_check_fails(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(deployment: Any, services: tuple[str, ...] | None, *_: Any) -> Report:
        is_red = deployment == boxes[BOX].share.deployment and services is None
        return Report((Check("main", "listens", "failed" if is_red else "passed", 0.1, ""),))

    monkeypatch.setattr("deploy.cli.verbs.verify.run_checks", run)
    shown = kit("verify", "--json")
    assert (shown.code, shown.document["passed"]) == (1, False)
    assert {host: said["passed"] for host, said in shown.document["hosts"].items()} == {HERE: True, BOX: False}
    assert set(kit("verify", "main", "--json").document["hosts"]) == {HERE}


def test_an_image_is_built_again_on_one_host_that_uses_it_and_the_others_get_it(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    assert kit("rebuild", "litellm").code == 0
    assert ("image" in boxes[HERE].asked, "image" in boxes[BOX].asked) == (False, True)
    assert (boxes[HERE].received, boxes[BOX].received) == ([], [])
    assert kit("rebuild").code == 0
    assert "image" in boxes[HERE].asked
    # Both have an Ollama; the gateway is on the box alone.
    assert boxes[BOX].received == [b"kit/ollama without sha256:layer-of-box"]
    assert boxes[HERE].received == []
    assert boxes[BOX].built[-1] == ["litellm"]


def test_a_host_gets_the_images_of_its_own_services(boxes: Mapping[str, Box]) -> None:
    kinds = {host: {image["kind"] for image in box.share.image_requests()} for host, box in boxes.items()}
    assert kinds == {HERE: {"ollama"}, BOX: {"ollama", "litellm"}}


def test_an_apply_changes_the_hosts_whose_plans_are_not_empty(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes[BOX].answers["probe"] = bare(boxes[BOX].share)
    report = Report((Check("far", "listens", "passed", 0.1),))

    def apply(members: Members, *_: Any, **__: Any) -> dict[str, Outcome]:
        assert [(host, member.transport) for host, member in members.items()] == [(BOX, boxes[BOX])]
        return {host: Outcome(member.prepared.plan, 1, report) for host, member in members.items()}

    monkeypatch.setattr("deploy.apply.run.apply", apply)
    shown = kit("apply", "--yes", "--json")
    assert shown.code == 0, shown.err
    assert {host: said["changed"] for host, said in shown.document["hosts"].items()} == {HERE: False, BOX: True}
    told = kit("apply", "--yes").out
    assert "\nPrograms use http://127.0.0.1:4000/v1 on box.\n" in told
    assert "/litellm/litellm_master_key on box)\n" in told


def test_the_errors_of_both_hosts_are_told_together(kit: Kit, boxes: Mapping[str, Box]) -> None:
    for box in boxes.values():
        box.is_rooted = False
    assert kit("stop").err.splitlines() == [
        "error: here: stop needs root",
        "  type: sudo kit stop",
        "box: stop needs root",
        "  let the user that signs in on box run sudo, or sign in as root (`user:` at the host)",
    ]


def test_a_host_that_is_not_there_is_told_with_those_that_are(kit: Kit, boxes: Mapping[str, Box]) -> None:
    assert set(boxes) == BOTH
    shown = kit("status", "--host", "bax")
    assert (shown.code, shown.err.splitlines()) == (
        2,
        ["error: there is no host 'bax' (did you mean box?)", "there are: here, box"],
    )


def test_one_host_of_what_the_files_say_is_told_alone(kit: Kit, boxes: Mapping[str, Box], tmp_path: Path) -> None:
    assert set(kit("check", "--host", "box", "--json").document["hosts"]) == {BOX}
    assert kit("check", "--host", "box").out.startswith("kit.yaml: good. Stack home runs ")
    assert kit("check").out.startswith("kit.yaml: good.\nhere:\nStack home runs ")
    assert kit("render", "--host", "box", "--out", "rendered").code == 0
    assert (tmp_path / "rendered" / "compose.yaml").is_file()
    assert "there is no host 'bax'" in kit("render", "--host", "bax", "--out", "other").err
    assert not (tmp_path / "other").exists()
    assert all("probe" not in box.asked for box in boxes.values())


def test_lines_for_programs_and_questions_are_about_one_host(kit: Kit, boxes: Mapping[str, Box]) -> None:
    document = kit("clients", "--host", "here", "--json").document
    assert {address["name"] for address in document["addresses"]} == {"main"}
    shown = kit("run", "--host", "here", "coder", "hello")
    assert (shown.code, shown.err.splitlines()[0]) == (2, "error: kit.yaml has no model 'coder'")
    assert boxes[BOX].asked == []


def test_a_plan_and_its_outcome_name_their_host(boxes: Mapping[str, Box]) -> None:
    for host, box in boxes.items():
        prepared = prepare(box.share, box)
        assert (prepared.plan.host, prepared.host, Outcome(prepared.plan).host) == (host, host, host)


@pytest.mark.parametrize("verb", ["lock", "init", "schema", "version", "completion"])
def test_a_command_that_asks_no_single_host_has_no_option_for_one(verb: str, kit: Kit) -> None:
    assert kit(verb, "--host", "box").code == 2


def test_an_agent_is_started_before_a_new_kit_yaml_is_read_only_where_that_names_no_hosts(
    kit: Kit, boxes: Mapping[str, Box], tmp_path: Path
) -> None:
    assert kit("apply", "--yes").code == 0
    assert {host: box.asked[0] for host, box in boxes.items()} == {HERE: "probe", BOX: "probe"}
    alone = tmp_path / "alone.yaml"
    alone.write_text("kit: 1\nstack: home\n")
    boxes[HERE].asked.clear()
    with ahead(PROBE, alone):
        assert boxes[HERE].asked == ["probe ahead"]
    with ahead(PROBE, tmp_path / "gone.yaml"):
        assert boxes[HERE].asked == ["probe ahead"]


def test_the_next_apply_of_the_same_kit_yaml_starts_every_named_host_ahead(
    kit: Kit, boxes: Mapping[str, Box], tmp_path: Path
) -> None:
    def asked(*words: str) -> dict[str, list[str]]:
        for box in boxes.values():
            box.asked.clear()
        assert kit("apply", "--yes", *words).code == 0
        return {host: box.asked[:2] for host, box in boxes.items()}

    assert "probe ahead" not in asked()[BOX]
    assert asked() == {HERE: ["probe ahead", "probe"], BOX: ["probe ahead", "probe"]}
    assert asked("--host", BOX) == {HERE: [], BOX: ["probe ahead", "probe"]}
    spec = tmp_path / "kit.yaml"
    spec.write_text(spec.read_text().replace("192.168.1.20", "192.168.1.21"))
    # It may name other machines now: nobody is asked before it was read.
    assert all("probe ahead" not in first for first in asked().values())
