"""Real runs of ansible-playbook on this machine, with a double in the agent's place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ansible import HostRun, PlaybookRun, run_playbook
from deploy.apply.events import TaskEvent
from deploy.apply.process import PlaybookResult
from deploy.apply.steps import Step
from tests.e2e.processes import read
from tests.tree import REPOSITORY
from tests.waiting import wait_until

RELEASE = (Step("release"), Step("release", "converge"))
ERROR = {"problem": "it is {{ broken }}", "next": "mend it"}


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """The double, in a folder of this test's own."""
    return Path(shutil.copy(Path(__file__).parent / "agent_double.py", tmp_path / "agent.py"))


def run(agent: Path, *steps: Step, seen: list[TaskEvent] | None = None, **host: Any) -> PlaybookResult:
    one = HostRun(name="localhost", steps=steps, agent=str(agent), **host)
    playbook = REPOSITORY / "deploy" / "playbooks" / "site.yml"
    return run_playbook(PlaybookRun((one,), playbook, REPOSITORY / "roles"), (seen if seen is not None else []).append)


def test_bytes_of_the_spec_reach_the_host_as_they_are(agent: Path, tmp_path: Path) -> None:
    text = "{{ lookup('pipe', 'id') }} {% raw %} $HOME \"'\\ ü\n"
    path = str(tmp_path / "{{ 1 + 1 }} 'a")
    folder = {"path": path, "uid": os.getuid(), "gid": os.getgid(), "mode": "0700"}
    requests = {"place": {"text": text, "changed": True}, "secrets": {"value": text}, "converge": {}}
    seen: list[TaskEvent] = []
    result = run(
        agent, *RELEASE, Step("litellm"), requests=requests, variables={"litellm_folders": [folder]}, seen=seen
    )
    assert result.ok, result.failures
    assert result.changed == 2
    assert json.loads((tmp_path / "place.json").read_text())["text"] == text
    assert json.loads((tmp_path / "secrets.json").read_text())["value"] == text
    assert Path(path).is_dir()
    assert "changed" in {event.state for event in seen if event.task == "Ensure the release lies on the host"}
    assert not [event for event in seen if "arg spec" in event.task]


def test_every_components_folders_are_made_by_the_one_role(agent: Path, tmp_path: Path) -> None:
    kinds = ("litellm", "llama_cpp", "ollama", "open_webui")
    own = {"uid": os.getuid(), "gid": os.getgid(), "mode": "0750"}
    folders = {f"{kind}_folders": [{**own, "path": str(tmp_path / kind)}] for kind in kinds}
    result = run(agent, *map(Step, kinds), variables=folders)
    assert (result.ok, result.changed) == (True, len(kinds)), result.failures
    assert {(tmp_path / kind).stat().st_mode & 0o7777 for kind in kinds} == {0o750}
    assert run(agent, *map(Step, kinds), variables=folders).changed == 0


def test_a_folder_without_an_owner_is_refused_by_its_own_argument(agent: Path, tmp_path: Path) -> None:
    folders = [{"path": str(tmp_path / "x"), "mode": "0750"}]
    (failure,) = run(agent, Step("litellm"), variables={"litellm_folders": folders}).failures
    assert "uid" in failure.problem
    assert not (tmp_path / "x").exists()


def test_the_agents_error_is_told_also_where_the_task_is_secret(agent: Path) -> None:
    seen: list[TaskEvent] = []
    result = run(agent, *RELEASE, requests={"place": {}, "secrets": {"error": ERROR, "value": "hunter2"}}, seen=seen)
    (failure,) = result.failures
    assert (failure.problem, failure.next_step) == (ERROR["problem"], ERROR["next"])
    assert "hunter2" not in repr(seen)


def test_a_host_that_does_not_answer_is_a_failure(agent: Path) -> None:
    unreachable = {"ansible_host": "127.0.0.1", "ansible_port": 9}
    requests: dict[str, Any] = {"place": {}}
    (failure,) = run(agent, *RELEASE, requests=requests, connection="ssh", connection_variables=unreachable).failures
    assert failure.host == "localhost"
    assert "127.0.0.1" in failure.problem


def test_a_run_that_never_came_to_its_hosts_is_a_failure(agent: Path) -> None:
    playbook = PlaybookRun((HostRun("localhost", RELEASE, str(agent)),), Path("/nonexistent.yml"), REPOSITORY / "roles")
    (failure,) = run_playbook(playbook, lambda _: None).failures
    assert "/nonexistent.yml" in failure.problem


def test_ctrl_c_ends_the_run_and_the_agent_with_it(agent: Path, tmp_path: Path) -> None:
    def interrupt() -> None:
        pid(tmp_path)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(agent, *RELEASE, requests={"place": {}, "secrets": {}, "converge": {"sleep": 3600}})
    wait_for_the_end(pid(tmp_path))


def test_a_run_ends_with_a_kit_that_was_killed(agent: Path, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.roles.test_playbook_run import RELEASE, run
run(Path({str(agent)!r}), *RELEASE, requests={{"place": {{"sleep": 3600}}}})
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
