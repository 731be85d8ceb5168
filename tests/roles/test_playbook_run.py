"""Real runs of ansible-playbook on this machine, with a double in the agent's place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.phases.phase import RoleStep, Step, VerbStep, phases_of
from deploy.apply.roles.ansible import Content, HostRun, PlaybookRun, run_playbook
from deploy.apply.roles.process import PlaybookResult
from deploy.apply.roles.task_events import TaskEvent
from deploy.errors import KitError
from tests.e2e.processes import read
from tests.tree import REPOSITORY
from tests.waiting import wait_until

VERBS = (VerbStep("docker"), VerbStep("image"))
LOCAL = {"ansible_connection": "local"}
ERROR = {"problem": "it is {{ broken }}", "next": "mend it"}


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """The double, in a folder of this test's own."""
    return Path(shutil.copy(Path(__file__).parent / "agent_double.py", tmp_path / "agent.py"))


def run(
    agent: Path,
    *steps: Step,
    seen: list[TaskEvent] | None = None,
    requests: Mapping[str, Any] | None = None,
    phases: list[str] | None = None,
    variables: Mapping[str, Any] | None = None,
    **host: Any,
) -> PlaybookResult:
    """Run steps on this machine; the double answers each verb as its request says."""
    one = HostRun(name="here", steps=by_phase(*steps), agent=str(agent), **{"connection": LOCAL, **host})
    return run_hosts(
        one,
        request_of=lambda _, step: (requests or {})[step.verb],
        variables=variables,
        on_event=(seen if seen is not None else []).append,
        on_phase=(phases if phases is not None else []).append,
    )


def by_phase(*steps: Step) -> dict[str, tuple[Step, ...]]:
    """Lay steps into their phases, for one host."""
    return {phase.name: phase.steps["here"] for phase in phases_of({"here": steps})}


class Made(Content):
    """Requests that a function makes, and the same variables for every role."""

    def __init__(self, request_of: Callable[[str, VerbStep], Mapping[str, Any]], variables: Mapping[str, Any]) -> None:
        self._request_of = request_of
        self._variables = variables

    def request(self, host: str, step: VerbStep) -> Mapping[str, object]:
        return self._request_of(host, step)

    def variables(self, _host: str, _step: RoleStep) -> Mapping[str, object]:
        return self._variables


def run_hosts(
    *hosts: HostRun,
    request_of: Callable[[str, VerbStep], Mapping[str, Any]],
    on_event: Callable[[TaskEvent], None],
    on_phase: Callable[[str], None],
    variables: Mapping[str, Any] | None = None,
) -> PlaybookResult:
    """Run the kit's own playbook."""
    playbook = REPOSITORY / "deploy" / "playbooks" / "site.yml"
    run = PlaybookRun(hosts, playbook, REPOSITORY / "roles")
    return run_playbook(run, Made(request_of, variables or {}), on_event, on_phase)


def test_bytes_of_the_spec_reach_the_host_as_they_are(agent: Path, tmp_path: Path) -> None:
    text = "{{ lookup('pipe', 'id') }} {% raw %} $HOME \"'\\ ü\n"
    path = str(tmp_path / "{{ 1 + 1 }} 'a")
    folder = {"path": path, "uid": os.getuid(), "gid": os.getgid(), "mode": "0700"}
    requests = {"docker": {"text": text, "changed": True}, "image": {}}
    seen: list[TaskEvent] = []
    steps = (*VERBS, RoleStep("folders"))
    result = run(agent, *steps, requests=requests, variables={"folders_wanted": [folder]}, seen=seen)
    assert result.failures == ()
    assert result.changed_on == {"here": 2}
    assert json.loads((tmp_path / "docker.json").read_text())["text"] == text
    assert Path(path).is_dir()
    assert [event.state for event in seen if event.verb == "docker"] == ["started", "changed"]
    assert [event.state for event in seen if event.verb == "image"] == ["started", "ok"]
    assert not [event for event in seen if "arg spec" in event.task]


def test_folders_are_made_once(agent: Path, tmp_path: Path) -> None:
    own = {"uid": os.getuid(), "gid": os.getgid(), "mode": "0750"}
    variables = {"folders_wanted": [{**own, "path": str(tmp_path / name)} for name in ("a", "b")]}
    result = run(agent, RoleStep("folders"), variables=variables)
    assert (result.failures, sum(result.changed_on.values())) == ((), 1)
    assert {(tmp_path / name).stat().st_mode & 0o7777 for name in ("a", "b")} == {0o750}
    assert run(agent, RoleStep("folders"), variables=variables).changed_on == {"here": 0}


def test_a_folder_without_an_owner_is_refused_by_its_own_argument(agent: Path, tmp_path: Path) -> None:
    folders = [{"path": str(tmp_path / "x"), "mode": "0750"}]
    (failure,) = run(agent, RoleStep("folders"), variables={"folders_wanted": folders}).failures
    assert "uid" in failure.problem
    assert not (tmp_path / "x").exists()


def test_a_verb_that_fails_tells_its_problem_and_next_step(agent: Path) -> None:
    seen: list[TaskEvent] = []
    requests = {"docker": {"whose": "this host's"}, "late": {"error": ERROR}}
    result = run(agent, VerbStep("docker"), VerbStep("late"), requests=requests, seen=seen)
    (failure,) = result.failures
    assert (failure.problem, failure.next_step) == (ERROR["problem"], ERROR["next"])
    ended = [(event.verb, event.state) for event in seen if event.state != "started"]
    assert ended == [("docker", "ok"), ("late", "failed")]


def test_a_request_is_made_when_its_phase_begins(agent: Path, tmp_path: Path) -> None:
    phases: list[str] = []

    def request_of(_: str, step: VerbStep) -> dict[str, Any]:
        phases.append(f"{step.verb} asked, docker done: {(tmp_path / 'docker.json').exists()}")
        return {}

    one = HostRun(name="here", steps=by_phase(*VERBS), agent=str(agent), connection=LOCAL)
    result = run_hosts(one, request_of=request_of, on_event=lambda _: None, on_phase=phases.append)
    assert result.failures == ()
    assert phases == ["os", "docker asked, docker done: False", "images", "image asked, docker done: True"]


def test_a_request_that_cannot_be_made_ends_the_run_behind_the_phases_before(agent: Path, tmp_path: Path) -> None:
    def request_of(_: str, step: VerbStep) -> dict[str, Any]:
        if step.verb == "image":
            raise KitError("no such image")
        return {}

    one = HostRun(name="here", steps=by_phase(*VERBS), agent=str(agent), connection=LOCAL)
    with pytest.raises(KitError, match="no such image"):
        run_hosts(one, request_of=request_of, on_event=lambda _: None, on_phase=lambda _: None)
    assert (tmp_path / "docker.json").exists()
    assert not (tmp_path / "image.json").exists()


def test_a_host_that_fails_stops_the_others_behind_its_phase(agent: Path, tmp_path: Path) -> None:
    seen: list[TaskEvent] = []
    hosts = (HostRun(name=name, steps=by_phase(*VERBS), agent=str(agent), connection=LOCAL) for name in ("good", "bad"))

    def request_of(host: str, _: VerbStep) -> dict[str, Any]:
        return {"error": ERROR} if host == "bad" else {}

    result = run_hosts(*hosts, request_of=request_of, on_event=seen.append, on_phase=lambda _: None)
    assert [(failure.host, failure.problem) for failure in result.failures] == [("bad", ERROR["problem"])]
    assert {(event.host, event.verb, event.state) for event in seen if event.state != "started"} == {
        ("good", "docker", "ok"),
        ("bad", "docker", "failed"),
    }
    assert not (tmp_path / "image.json").exists()


def test_a_host_that_does_not_answer_is_a_failure(agent: Path) -> None:
    unreachable = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    requests: dict[str, Any] = {"docker": {}}
    (failure,) = run(agent, VerbStep("docker"), requests=requests, connection=unreachable).failures
    assert failure.host == "here"
    assert "127.0.0.1" in failure.problem


def test_a_run_that_never_came_to_its_hosts_is_a_failure(agent: Path) -> None:
    host = HostRun("here", by_phase(*VERBS), str(agent), LOCAL)
    playbook = PlaybookRun((host,), Path("/nonexistent.yml"), REPOSITORY / "roles")
    (failure,) = run_playbook(playbook, Made(lambda *_: {}, {}), lambda _: None, lambda _: None).failures
    assert "/nonexistent.yml" in failure.problem


def test_ctrl_c_ends_the_run_and_the_agent_with_it(agent: Path, tmp_path: Path) -> None:
    def interrupt() -> None:
        pid(tmp_path)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(agent, *VERBS, requests={"docker": {}, "image": {"sleep": 3600}})
    wait_for_the_end(pid(tmp_path))


def test_a_run_ends_with_a_kit_that_was_killed(agent: Path, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.roles.test_playbook_run import VERBS, run
run(Path({str(agent)!r}), *VERBS, requests={{"docker": {{"sleep": 3600}}}})
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY) as kit:
        number = pid(tmp_path)
        kit.kill()
    wait_for_the_end(number)


def pid(folder: Path) -> int:
    """Wait for the double to say who it is."""
    return int(wait_until(lambda: read(folder / "pid"), "the agent has been called"))


def wait_for_the_end(number: int) -> None:
    """Wait for a process to end."""

    def has_ended() -> bool:
        status = read(Path(f"/proc/{number}/stat"))
        return not status or b") Z " in status

    wait_until(has_ended, f"process {number} has ended", saw=lambda: read(Path(f"/proc/{number}/stat")))
