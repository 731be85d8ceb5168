from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.terminal.columns import report_table
from deploy.deployment.host import Deployment
from deploy.deployment.values import as_json
from deploy.deployment.way import Way
from deploy.hosts.ssh.passwords import forget, take_over
from deploy.verify.beside import Beside
from deploy.verify.checks import NotAsPlannedError, UnansweredError
from deploy.verify.checks_stack import test_runs_the_planned_image as runs_the_planned_image
from deploy.verify.containers import Containers
from deploy.verify.decided import read_deployment, write_deployment
from deploy.verify.evidence import HostEvidence
from deploy.verify.left_out import NOBODY
from deploy.verify.plugin import pytest_runtest_call
from deploy.verify.report import Check
from deploy.verify.run import PACKAGE, check_argv, check_environment, lent_passwords, received, run_checks
from tests.unit.played import evidence_of
from tests.unit.rooms.places import chain
from tests.unit.rooms.test_edge import MAIN, services_of

RUNNING = {"Running": True, "Status": "running", "ExitCode": 0}


def test_a_deployment_comes_back_as_it_was(tmp_path: Path) -> None:
    write_deployment(chain(), tmp_path / "deployment.json")
    back = read_deployment(tmp_path / "deployment.json")
    assert as_json(back) == as_json(chain())
    assert back.service("main").ports == chain().service("main").ports
    assert back.secrets == chain().secrets


def test_the_rooms_checks_are_named_one_by_one(tmp_path: Path) -> None:
    argv = check_argv(chain(), tmp_path)
    assert argv[:3] == [sys.executable, "-m", "pytest"]
    named = [Path(word).relative_to(PACKAGE).as_posix() for word in argv if word.endswith(".py")]
    assert named == [
        "verify/checks_stack.py",
        "verify/checks_places.py",
        "components/litellm/verify.py",
        "components/llama_cpp/verify.py",
        "components/open_webui/verify.py",
    ]


def test_what_the_user_set_for_pytest_does_not_reach_the_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    environment = check_environment(tmp_path, ("main",), 9, Way())
    assert "PYTEST_ADDOPTS" not in environment
    # Compiled modules are kept: compiling pytest and Docker's SDK anew takes longer than most checks.
    assert environment.get("PYTHONDONTWRITEBYTECODE") == os.environ.get("PYTHONDONTWRITEBYTECODE")


@pytest.fixture(params=["no socket", "a socket without a daemon"])
def silent_docker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The path of Docker's socket, on a host whose Docker was never installed, and on one whose Docker ended."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "docker.sock"
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        if request.param == "a socket without a daemon":
            with socket.socket(socket.AF_UNIX) as ended:
                ended.bind(str(path))
        yield path


def test_a_stack_that_is_not_there_turns_red_check_by_check_and_nothing_is_written(
    tmp_path: Path, silent_docker: Path
) -> None:
    there = beside_the_checks()
    heard: list[Check] = []
    absent = Deployment("no-such-stack-of-any-test", chain().services, chain().models)
    cwd = Path.cwd()
    os.chdir(tmp_path)
    try:
        report = run_checks(absent, None, heard.append, Way())
    finally:
        os.chdir(cwd)
    assert not report.passed
    assert tuple(heard) == report.checks
    assert {check.service for check in report.checks} == {"stack", "main", "litellm", "open_webui"}
    # Its answer takes a timeout, which the other checks do not wait for.
    assert {check.name for check in report.checks[-3:]} == {"has only the planned way out"}
    healthy = next(check for check in report.failures if check.name == "is running and healthy")
    assert "Docker does not answer on this host" in healthy.message
    questions = [check for check in report.checks if check.name == "refuses who has no key"]
    assert {check.service for check in questions} == {"main", "litellm"}
    assert {(check.outcome, check.message) for check in questions} == {
        ("skipped", "not asked: its container is not running and healthy")
    }
    table = report_table(report)
    assert all(table.count(cause) == 1 for cause in (*report.causes("failed"), *report.causes("skipped")))
    refused = [check.message for check in report.checks if "refused" in check.message]
    assert all(f"Docker does not answer at {silent_docker}: Connection refused;" in message for message in refused)
    assert beside_the_checks() == there
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_waits_is_heard_and_no_part_of_the_report() -> None:
    read_end, write_end = os.pipe()
    done = Check("answers", "open_webui", "passed", 240.0)
    with os.fdopen(write_end, "w") as lines:
        lines.write(json.dumps({"waits": "waits for a minute", "service": "open_webui"}) + "\n")
        lines.write(json.dumps(vars(done)) + "\n")
    heard: list[Check] = []
    assert list(received(read_end, heard.append)) == [done]
    assert [check.name for check in heard] == ["waits for a minute", "answers"]


def beside_the_checks() -> set[Path]:
    """Return the folders that pytest's cache would leave."""
    return set(PACKAGE.rglob(".pytest_cache"))


def test_only_the_asked_services_are_checked() -> None:
    absent = Deployment("no-such-stack-of-any-test", chain().services, chain().models)
    report = run_checks(absent, ("main",), lambda _check: None, Way())
    assert {check.service for check in report.checks} == {"stack", "main"}


OUTSIDE = {
    "asks another machine for the key",
    "answers another machine that has the key",
    "leaves nothing else open to another machine",
}


def checked_edge(*others: Way) -> dict[str, Check]:
    """Return the checks of an edge that does not run, on this machine."""
    absent = Deployment("no-such-stack-of-any-test", tuple(services_of(MAIN).values()), ())
    report = run_checks(absent, ("edge",), lambda _check: None, Way(), NOBODY, [Beside(other) for other in others])
    return {check.name: check for check in report.checks if check.service in ("edge", "stack")}


def test_ways_in_from_outside_are_checked_only_where_there_is_another_machine() -> None:
    alone, beside = checked_edge(Way()), checked_edge(Way(), Way("ssh", "box", "127.0.0.1", port=1))
    assert "says to anybody that it lives" in alone
    assert beside.keys() - alone.keys() == {*OUTSIDE, "leaves nothing open to another machine"}
    reason = "asked from no other machine: SSH leads from none of them to an address of this host itself"
    assert beside["leaves nothing open to another machine"].message == reason
    assert {(beside[name].outcome, beside[name].message) for name in OUTSIDE} == {
        ("skipped", "not asked: its container is not running and healthy")
    }


def test_a_check_without_an_answer_that_tells_anything_is_skipped_in_words() -> None:
    judged = pytest_runtest_call()
    next(judged)
    with pytest.raises(pytest.skip.Exception, match="desk is off"):
        judged.throw(UnansweredError("desk is off"))


def test_passwords_of_several_hosts_are_lent_by_name() -> None:
    box, desk, attic = (Way("ssh", name, f"{name}.lan") for name in ("box", "desk", "attic"))
    take_over(box, "sesame")
    take_over(desk, "two words")
    with lent_passwords([box, desk, attic]) as lent:
        (descriptor,) = lent
        told = json.loads(os.read(descriptor, 1000))
    assert told == {"box": "sesame", "desk": "two words"}
    forget(box)
    forget(desk)
    with lent_passwords([box, attic]) as lent:
        assert lent == ()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"Running": False, "Status": "exited", "ExitCode": 1}, "is exited, exit code 1"),
        ({**RUNNING, "Health": {"Status": "unhealthy"}}, "health is unhealthy, not healthy"),
        ({**RUNNING, "Paused": True}, "is paused; `kit apply` makes its container anew"),
        ({**RUNNING, "Health": {"Status": "healthy"}}, None),
    ],
)
def test_only_a_healthy_service_is_asked_questions(state: dict[str, Any], told: str | None) -> None:
    containers, service = Containers(evidence_of(chain()), None), chain().service("main")
    containers.by_service = {"main": {"State": state}}
    if told is None:
        containers.ensure_healthy(service)
    else:
        with pytest.raises(NotAsPlannedError, match=f"^{told}$"):
            containers.ensure_healthy(service)


@pytest.mark.parametrize("labels", [None, {}, {"kit.recipe": "0" * 64}])
def test_an_image_of_somebody_elses_under_the_name_of_the_kits_is_red(labels: dict[str, str] | None) -> None:
    containers, service = Containers(evidence_of(chain()), None), chain().service("main")
    containers.by_service = {"main": {"Config": {"Image": service.image.reference}, "Image": "sha256:1"}}
    containers.image_ids = {service.image.reference: "sha256:1"}
    containers.image_settings = {"sha256:1": {"Labels": {"kit.recipe": service.image.recipe}}}
    runs_the_planned_image(service, containers)
    containers.image_settings = {"sha256:1": {"Labels": labels}}
    with pytest.raises(NotAsPlannedError, match="digest of the inputs of kit/"):
        runs_the_planned_image(service, containers)


@pytest.mark.parametrize("is_brought", [True, False])
def test_an_image_of_somebody_elses_under_the_name_of_a_pulled_one_is_red(
    is_brought: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = chain().service("main")
    service = replace(built, image=replace(built.image, source="pull"))
    containers, reference = Containers(evidence_of(chain()), None), service.image.reference
    containers.by_service = {"main": {"Config": {"Image": reference}, "Image": "sha256:1"}}
    containers.image_ids = {reference: "sha256:1"}
    monkeypatch.setattr(HostEvidence, "brought", [reference] if is_brought else ["kit/other:1"])
    if is_brought:
        runs_the_planned_image(service, containers)
    else:
        with pytest.raises(NotAsPlannedError, match=f"another image has the name {reference}"):
            runs_the_planned_image(service, containers)
