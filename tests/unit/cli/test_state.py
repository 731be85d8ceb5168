"""Words of status and apply about the quickstart, on a host that is described here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from deploy.agent.contract.envelope import Holder
from deploy.apply.prepared.prepare import Outcome, Prepared
from deploy.assets import inventories_dir
from deploy.cli.terminal.columns import report_table
from deploy.cli.told.drift import drift
from deploy.cli.told.machine import host_line
from deploy.cli.told.state import since, state_document, state_text
from deploy.cli.told.welcome import outcome_document, welcome
from deploy.decide.desired import Share, load_desired
from deploy.errors import typed
from deploy.hosts.observation.cards import Card
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.rights import SeenFile
from deploy.hosts.observation.seen import Container, Docker, HostImage, OperatingSystem
from deploy.plan import make_plan
from deploy.stack import HERE
from deploy.verify.report import Check, Report

BARE = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), systemd=False, root=True)


@pytest.fixture(scope="module")
def desired() -> Share:
    return load_desired(inventories_dir() / "quickstart/kit.yaml").on(HERE)


@pytest.fixture
def running(desired: Share) -> Observation:
    """A host that runs what was applied."""
    release = desired.bundle.release
    return replace(
        BARE,
        release=release,
        good=release,
        manifest=desired.bundle.manifest,
        services={name: container(parts) for name, parts in desired.bundle.services.items()},
    )


def container(parts: dict[str, str]) -> Container:
    labels = {"kit.digest": parts["digest"]}
    return Container(
        "c1", parts["image"], "i1", "running", "healthy", 0, 0, labels, "2026-01-01T00:00:00.1Z", ports=("127.0.0.1:1",)
    )


def prepared(desired: Share, observation: Observation) -> Prepared:
    return Prepared(make_plan(desired.deployment, desired.bundle, observation), observation)


def document_of(desired: Share, observation: Observation) -> dict[str, Any]:
    return state_document(desired.desired, {HERE: prepared(desired, observation)})


def text(desired: Share, observation: Observation) -> str:
    return click.unstyle(state_text(desired, prepared(desired, observation), every_package=False))


def test_a_host_without_the_stack_says_so_and_has_no_drift(desired: Share) -> None:
    shown = text(desired, BARE)
    assert shown.startswith("stack quickstart: nothing is applied yet\n")
    assert "There are no backups" not in shown
    assert drift(BARE) == ()


def test_a_host_as_it_was_applied_has_no_drift(desired: Share, running: Observation) -> None:
    assert drift(running) == ()
    shown = text(desired, running)
    assert shown.startswith(f"stack quickstart, release {desired.bundle.release[:12]} (verified)\nhost: ")
    assert "\n\nSERVICE " in shown
    assert "people open http://127.0.0.1:3000\n" in shown
    assert "\nChats and documents lie in /srv/kit/quickstart/open_webui/data.\nThere are no backups yet." in shown


def test_what_the_host_is_stands_on_one_line(desired: Share) -> None:
    card = Card("nvidia", "NVIDIA H200", "570.86", "0000:01:00.0", "GPU-1", 150_754_820_096)
    docker = Docker(server=True, version="26.1.5", compose="2.26.1")
    strong = replace(BARE, cores=16, memory_bytes=int(23.4 * 2**30), cards=(card, Card("intel")), docker=docker)
    line = "host: 16 cores, 23.4 GiB, GPU NVIDIA H200 (driver 570.86), Docker 26.1.5, Compose 2.26.1"
    assert host_line(strong) == line
    assert line in text(desired, strong)
    document = document_of(desired, strong)["hosts"]["here"]["host"]
    assert document["gpu"] == {"vendor": "nvidia", "card": "NVIDIA H200", "driver": "570.86"}
    assert [card["uuid"] for card in document["cards"]] == ["GPU-1", None]
    assert (document["cores"], document["docker"], document["compose"]) == (16, "26.1.5", "2.26.1")


def test_every_kind_of_drift_has_its_words(running: Observation) -> None:
    one, two, three = sorted(running.services)
    services = {
        one: replace(running.services[one], state="exited"),
        two: replace(running.services[two], labels={"kit.digest": "another"}),
        "stray": running.services[three],
    }
    changed = replace(
        running,
        services=services,
        changed_files=(SeenFile("files/0/a.yaml", "owner is 1000:1000, not 0:0", True),),
        changed_secrets={two: ("a_key",)},
        settings={three: {"drift": [{"name": "signup", "cause": "is on"}]}},
    )
    assert drift(changed) == (
        "file files/0/a.yaml: owner is 1000:1000, not 0:0",
        f"service {one} is exited",
        f"service {two} is not the release's",
        f"service {three} has no container",
        "service stray runs and is not in the release",
        f"service {two} was started with another a_key",
        "setting signup: is on",
    )


def test_an_address_that_is_not_there_is_the_cause_that_is_told(running: Observation) -> None:
    error = "driver failed: Error starting userland proxy: listen tcp4 10.0.0.9:4000: bind: cannot assign requested"
    one, two, _ = sorted(running.services)
    services = {
        **running.services,
        one: replace(running.services[one], state="exited", ports=(), error=error),
        two: replace(running.services[two], ports=("10.0.0.9:8080",)),
    }
    away = replace(running, services=services, network=replace(running.network, strange=("10.0.0.9", "10.0.0.10")))
    assert drift(away) == (
        f"service {one} is exited: Docker could not start it: {error}",
        f"nobody reaches {one}, {two} at 10.0.0.9: this machine has no such address now",
    )


def test_a_service_that_a_person_stopped_is_drift_by_that_name(running: Observation) -> None:
    one = min(running.services)
    assert drift(replace(running, stopped=(one,))) == (f"service {one} was stopped on request",)


def test_debian_versions_are_told_in_part_and_held_in_full(desired: Share, running: Observation) -> None:
    reference = desired.deployment.services[0].image.reference
    versions = {f"lib{letter}": "1.0" for letter in "abcdef"}
    observation = replace(running, images={reference: HostImage("i1", debian_versions=versions)})
    assert "holds Debian's liba 1.0, libb 1.0, libc 1.0, libd 1.0, and 2 more (--verbose)" in text(desired, observation)
    document = document_of(desired, observation)["hosts"]["here"]
    assert document["images"][reference]["debian_versions"] == versions


def test_a_host_at_work_names_the_holder(desired: Share, running: Observation) -> None:
    holder: Holder = {"user": "ann", "host": "desk", "command": "kit apply", "since": "2026-01-01T00:00:00Z"}
    assert "held by ann on desk: kit apply, since 2026-01-01T00:00:00Z" in text(
        desired, replace(running, holder=holder)
    )


def test_a_run_that_was_cut_off_is_told_with_the_next_step_while_something_is_left_to_do(
    desired: Share, running: Observation
) -> None:
    words = f"the last run was interrupted; the next apply continues it: kit apply {typed(desired.path)}"
    assert words in text(desired, replace(running, interrupted="first", good=None))
    assert f"nothing is applied yet\n{words}\n" in text(desired, replace(BARE, interrupted="first"))
    healed = replace(running, interrupted="first")
    assert (words in text(desired, healed)) is bool(prepared(desired, healed).plan.operations)
    assert "cut off" not in text(desired, replace(running, good=None))


@pytest.mark.parametrize(
    ("started", "words"),
    [("2026-01-01T00:00:00.123456789Z", "1 h 00 min"), ("2025-12-01T00:00:00Z", "31 days"), ("", "")],
)
def test_since_is_a_duration(started: str, words: str) -> None:
    assert since(started, datetime(2026, 1, 1, 1, tzinfo=UTC)) == words


def test_a_stopped_page_invites_nobody(desired: Share, running: Observation) -> None:
    assert "people open http://127.0.0.1:" in text(desired, running)
    assert document_of(desired, running)["open"].startswith("http://127.0.0.1:")
    page = desired.spec.webui
    assert page is not None
    halted = {**running.services, page.kind: replace(running.services[page.kind], state="exited")}
    gone = {name: one for name, one in running.services.items() if name != page.kind}
    for services, stopped, verb in (
        (halted, (page.kind,), f"start {page.kind}"),
        (halted, (), "apply"),
        (gone, (), "apply"),
    ):
        seen = replace(running, services=services, stopped=stopped)
        shown = text(desired, seen)
        assert "people open" not in shown
        assert f"does not run: kit {verb} {desired.path}" in shown
        assert document_of(desired, seen)["open"] is None


def test_notes_that_are_no_news_stand_beside_news_only_or_where_they_are_asked_for(
    desired: Share, running: Observation
) -> None:
    docker = replace(running.docker, server=True, live_restore=False)
    plan = make_plan(desired.deployment, desired.bundle, replace(running, docker=docker))
    (note,) = (one for one in plan.advice if "live-restore" in one)
    assert f"note: {note}" in plan.text()
    settled = replace(plan, operations=(), refusals=(), advice=(note,))
    assert settled.text() == "nothing to change\n"
    assert settled.text(verbose=True) == f"nothing to change\nnote: {note}\n"
    assert settled.as_json()["advice"] == [note]
    unsure = replace(settled, doubts=("mac does not answer",))
    assert unsure.text() == "nothing to change\nnote: mac does not answer\n"


def test_the_end_of_an_apply_says_where_to_click_and_where_the_data_lies(desired: Share) -> None:
    report = Report((Check("answers", "main", "passed", 2.0), Check("has vectors", "main", "skipped", 0.0)))
    shown = welcome(desired.desired, {HERE: Outcome(prepared(desired, BARE).plan, 3, report)})
    assert "quickstart is up: 1 check passed in 2 s." in shown
    assert (
        "Open http://127.0.0.1:3000 and sign in as admin@localhost.\n  Password: kit secret show webui_admin_password "
        in shown
    )
    assert "(it lies in /opt/kit/quickstart/secrets/" in shown
    assert "There are no backups yet." in shown


def with_page(folder: Path, keys: str) -> Share:
    """Return the quickstart with further keys at its page."""
    for name in ("kit.yaml", "kit.lock"):
        shutil.copy(inventories_dir() / "quickstart" / name, folder)
    spec = folder / "kit.yaml"
    spec.write_text(spec.read_text().replace("{kind: open_webui,", f"{{kind: open_webui, {keys}"))
    return load_desired(spec).on(HERE)


def test_every_address_is_told_that_a_service_answers_at(tmp_path: Path) -> None:
    desired = with_page(tmp_path, "publish: [local, 192.168.1.20, 'fd00::20'],")
    shown = welcome(desired.desired, {HERE: Outcome(prepared(desired, BARE).plan, 3, Report(()))})
    assert "Open http://192.168.1.20:3000 and sign in as admin@localhost.\n  It answers at http://[fd00:" in shown
    told = outcome_document(desired.desired, {HERE: Outcome(prepared(desired, BARE).plan)})["hosts"][HERE]
    places = [f"http://{place}:3000" for place in ("192.168.1.20", "[fd00::20]", "127.0.0.1")]
    assert told["addresses"]["open_webui"] == places


def test_people_are_sent_to_the_address_that_the_spec_names(tmp_path: Path) -> None:
    desired = with_page(tmp_path, 'url: "https://chat.example.org",')
    shown = welcome(desired.desired, {HERE: Outcome(prepared(desired, BARE).plan, 3, Report(()))})
    said = "https://chat.example.org and sign in as admin@localhost (it is published at http://127.0.0.1:3000)."
    assert f"Open {said}\n" in shown
    outcomes = {HERE: Outcome(prepared(desired, BARE).plan)}
    assert outcome_document(desired.desired, outcomes)["open"] == "https://chat.example.org"
    up = {name: container(parts) for name, parts in desired.bundle.services.items()}
    seen = replace(BARE, release=desired.bundle.release, manifest=desired.bundle.manifest, services=up)
    assert document_of(desired, seen)["open"] == "https://chat.example.org"


def test_what_failed_is_said_in_full_below_the_table() -> None:
    report = Report(
        (Check("answers", "main", "passed", 2.0), Check("is closed", "web", "failed", 0.1, "port 1 is open"))
    )
    assert click.unstyle(report_table(report)) == (
        "passed  main  answers    2.0 s\n"
        "failed  web   is closed  0.1 s\n\n"
        "failed  web: is closed\n    port 1 is open\n\n"
        "1 passed, 1 failed"
    )


def test_containers_that_may_not_be_seen_are_not_called_missing(running: Observation) -> None:
    denied = replace(running, docker=Docker(is_denied=True, problem="this user may not talk to Docker"), services={})
    assert drift(denied) == (
        "containers cannot be seen: this user may not talk to Docker; run the same command with sudo, or as root",
    )


def test_containers_of_a_docker_that_does_not_run_are_not_called_missing(running: Observation) -> None:
    down = Docker(problem="no socket at /run/docker.sock")
    assert drift(replace(running, docker=down, services={})) == (
        "containers cannot be seen: no socket at /run/docker.sock",
    )


def test_only_a_release_that_stands_and_was_accepted_is_proven(running: Observation) -> None:
    assert running.is_proven
    assert not replace(running, good=None).is_proven
    assert not replace(running, release=None, good=None).is_proven
    assert not replace(running, release="another").is_proven


def test_what_does_not_stay_up_is_told_with_its_cause_and_last_lines(desired: Share, running: Observation) -> None:
    ending = replace(
        running.services["main"], health="starting", trouble="keeps ending, with exit code 3", log=("no such model",)
    )
    seen = replace(running, services={**running.services, "main": ending})
    told = text(desired, seen)
    assert "drift  service main keeps ending, with exit code 3\n" in told
    assert "main printed last:\n  no such model\n" in told
    assert drift(seen)
    assert document_of(desired, seen)["hosts"][HERE]["services"]["main"]["log"] == ["no such model"]
