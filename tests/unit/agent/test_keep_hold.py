from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.envelope import JournalLine
from deploy.agent.contract.verbs import PROBE, SECRETS
from deploy.agent.errors import AgentError
from deploy.agent.holder import holding
from deploy.errors import HeldError, KitError
from deploy.hosts.local import LocalTransport
from tests.documents import with_keys
from tests.waiting import wait_until


@pytest.fixture
def transport(tmp_path: Path) -> LocalTransport:
    return LocalTransport(str(tmp_path / "agent"))


@pytest.fixture
def request_of(tmp_path: Path) -> Any:
    return {"stack": "t-hold", "root": str(tmp_path / "t-hold"), "command": "kit apply", "user": "ada", "host": "desk"}


def holder_of(transport: LocalTransport, request_of: Any) -> str | None:
    hold = transport.call(PROBE, request_of)["hold"]
    return hold["holder"]["run"] if hold else None


def test_a_second_run_is_refused_and_told_who_holds(transport: LocalTransport, request_of: Any) -> None:
    with transport.hold(with_keys(request_of, run="first"), lambda _line: None) as held:
        assert held == {"held": True, "run": "first"}
        assert holder_of(transport, request_of) == "first"
        refusal = pytest.raises(HeldError, match="held by ada on desk: kit apply")
        with refusal as refused, transport.hold(with_keys(request_of, run="second"), lambda _line: None):
            pytest.fail("two runs hold the host")
        assert refused.value.exit_code == 4
    assert transport.call(PROBE, request_of)["hold"] is None
    with transport.hold(with_keys(request_of, run="second"), lambda _line: None):
        pass


def test_a_change_is_refused_without_the_hold_and_under_another_ones(
    transport: LocalTransport, request_of: Any
) -> None:
    with pytest.raises(KitError, match="does not have its hold"):
        transport.call(SECRETS, with_keys(request_of, run="first", secrets=[]))
    with transport.hold(with_keys(request_of, run="first"), lambda _line: None):
        with pytest.raises(HeldError, match="held by ada"):
            transport.call(SECRETS, with_keys(request_of, run="second", secrets=[]))
        assert transport.call(SECRETS, with_keys(request_of, run="first", secrets=[])) == {
            "changed": False,
            "written": [],
        }


def test_the_hold_ends_with_the_process_that_took_it(transport: LocalTransport, request_of: Any) -> None:
    argv = ["/usr/bin/python3", "-I", transport.agent_path, "hold"]
    request = json.dumps({"format": 1, **request_of, "run": "first"}).encode() + b"\n"
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(request)
        holder.stdin.flush()
        assert json.loads(holder.stdout.readline())["held"]
        os.kill(holder.pid, signal.SIGKILL)
    with transport.hold(with_keys(request_of, run="second"), lambda _line: None):
        pass


def test_a_control_node_that_is_silent_for_too_long_loses_the_hold_and_its_next_step_is_refused(
    transport: LocalTransport, request_of: Any
) -> None:
    argv = ["/usr/bin/python3", "-I", transport.agent_path, "hold"]
    request = json.dumps({"format": 1, **request_of, "run": "first", "silence_seconds": 0.3}).encode() + b"\n"
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asleep:
        assert asleep.stdin is not None
        asleep.stdin.write(request)
        asleep.stdin.flush()
        assert asleep.wait() == 0
        second = transport.hold(with_keys(request_of, run="second"), lambda _line: None)
        with second, pytest.raises(HeldError, match="held by ada"):
            transport.call(SECRETS, with_keys(request_of, run="first", secrets=[]))
        with pytest.raises(KitError, match="does not have its hold") as refused:
            transport.call(SECRETS, with_keys(request_of, run="first", secrets=[]))
    assert refused.value.next_step.startswith("run the same command again")


def test_signs_of_life_keep_the_hold(
    transport: LocalTransport, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.hosts.wire.holding.BEAT_SECONDS", 0.1)
    with transport.hold(with_keys(request_of, run="first", silence_seconds=3.0), lambda _line: None):
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() > begun + 4.0, "longer than the silence has passed", saw=time.monotonic)
        assert transport.call(SECRETS, with_keys(request_of, run="first", secrets=[]))["written"] == []


def test_a_job_on_the_host_takes_the_same_hold(transport: LocalTransport, request_of: Any, tmp_path: Path) -> None:
    root, job = tmp_path / "t-hold", {"run": "job", "user": "root", "command": "backup"}
    with holding(root, job) as held:
        refusal = pytest.raises(HeldError, match="held by root on this host: backup")
        with refusal, transport.hold(with_keys(request_of, run="first"), lambda _line: None):
            pytest.fail("a run and a job hold the host")
        held.end()
    first = transport.hold(with_keys(request_of, run="first"), lambda _line: None)
    with first, pytest.raises(AgentError, match="held by ada"), holding(root, job):
        pytest.fail("a job and a run hold the host")


def test_the_journal_of_the_run_reaches_the_one_who_holds(transport: LocalTransport, request_of: Any) -> None:
    lines: list[JournalLine] = []
    reader = {"service": "main", "uid": os.getuid(), "gid": os.getgid()}
    secret = {"name": "key", "owner": "main", "prefix": "", "value": None, "readers": [reader]}
    with transport.hold(with_keys(request_of, run="first"), lines.append):
        assert transport.call(SECRETS, with_keys(request_of, run="first", secrets=[secret]))["changed"]
    assert [line["text"] for line in lines] == ["secrets: wrote main/key"]


def test_a_step_that_goes_on_after_its_control_node_has_gone_keeps_the_host(
    transport: LocalTransport, request_of: Any, tmp_path: Path
) -> None:
    with ExitStack() as goes_on:
        with transport.hold(with_keys(request_of, run="first"), lambda _line: None):
            goes_on.enter_context(a_step(tmp_path / "t-hold"))
        with pytest.raises(HeldError), transport.hold(with_keys(request_of, run="second"), lambda _line: None):
            pytest.fail("the host was held while a step went on")
    with transport.hold(with_keys(request_of, run="second"), lambda _line: None):
        pass


def test_a_step_that_waited_until_its_run_let_go_is_refused(
    transport: LocalTransport, request_of: Any, tmp_path: Path
) -> None:
    request = json.dumps({"format": 1, **request_of, "run": "first", "secrets": []}).encode()
    argv = ["/usr/bin/python3", "-I", transport.agent_path, "secrets"]
    with ExitStack() as goes_on, transport.hold(with_keys(request_of, run="first"), lambda _line: None):
        goes_on.enter_context(a_step(tmp_path / "t-hold"))
        step = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert step.stdin is not None
        step.stdin.write(request)
        step.stdin.close()
        wait_until(
            lambda: waits_for_a_lock(step.pid), "the second step waits for the first", saw=Path("/proc/locks").read_text
        )
    assert step.wait() == 1
    assert step.stdout is not None
    assert "does not have its hold" in step.stdout.read().decode()


@contextmanager
def a_step(root: Path) -> Iterator[None]:
    """Change the host, as far as anybody else can see."""
    with (root / "run" / "working").open("a") as working:
        fcntl.flock(working, fcntl.LOCK_EX)
        yield


def waits_for_a_lock(pid: int) -> bool:
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(line[1] == "->" and line[5] == str(pid) for line in lines)


def test_a_line_that_a_full_disk_cut_off_does_not_cost_the_hold(
    transport: LocalTransport, request_of: Any, tmp_path: Path
) -> None:
    lines: list[JournalLine] = []
    with transport.hold(with_keys(request_of, run="first"), lines.append):
        with (tmp_path / "t-hold" / "run" / "journal.jsonl").open("a") as journal:
            whole = {"run": "first", "step": "image", "state": "progress", "text": "whole"}
            journal.write(f'{{"run": "first", "step": "image", "te\n{json.dumps(whole)}\n')
        wait_until(lambda: lines, "the whole line is heard")
        assert holder_of(transport, request_of) == "first"
    assert [line["text"] for line in lines] == ["whole"]


def test_a_run_that_was_cut_off_in_a_step_is_told_by_the_probe(
    transport: LocalTransport, request_of: Any, tmp_path: Path
) -> None:
    journal = tmp_path / "t-hold" / "run" / "journal.jsonl"
    with transport.hold(with_keys(request_of, run="first"), lambda _line: None):
        journal.write_text(json.dumps({"run": "first", "step": "containers", "state": "start"}) + "\n")
        assert transport.call(PROBE, request_of)["interrupted"] is None
    assert transport.call(PROBE, request_of)["interrupted"] == "first"
    with journal.open("a") as stream:
        stream.write(json.dumps({"run": "first", "step": "containers", "state": "done"}) + "\n")
    assert transport.call(PROBE, request_of)["interrupted"] is None


@pytest.mark.parametrize(("end", "told"), [(KeyboardInterrupt(), "first"), (KitError("no room"), None)])
def test_only_a_run_that_did_not_come_to_its_own_end_was_cut_off(
    transport: LocalTransport, request_of: Any, end: BaseException, told: str | None
) -> None:
    def run() -> None:
        with transport.hold(with_keys(request_of, run="first"), lambda _line: None):
            # Its step ended in order, as that of an orphaned agent does.
            transport.call(SECRETS, with_keys(request_of, run="first", secrets=[]))
            raise end

    with pytest.raises(type(end)):
        run()
    assert transport.call(PROBE, request_of)["interrupted"] == told
    with transport.hold(with_keys(request_of, run="second"), lambda _line: None):
        pass
    assert transport.call(PROBE, request_of)["interrupted"] is None


def test_a_run_whose_control_node_was_killed_was_cut_off(transport: LocalTransport, request_of: Any) -> None:
    argv = ["/usr/bin/python3", "-I", transport.agent_path, "hold"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(json.dumps({"format": 1, **request_of, "run": "first"}).encode() + b"\n")
        holder.stdin.flush()
        assert holder.stdout.readline().startswith(b'{"held"')
        holder.stdin.close()
    assert transport.call(PROBE, request_of)["interrupted"] == "first"
