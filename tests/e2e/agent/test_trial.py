"""A new image is tried in a second container, beside the one that answers on the published port."""

from __future__ import annotations

import json
import os
import signal
import urllib.request

import pytest

from deploy.hosts.wire.transport import AgentFailedError
from tests.e2e.agent_stack import AgentStack, Block, docker, tags
from tests.e2e.place import free_ports
from tests.waiting import wait_until

pytestmark = pytest.mark.docker

SERVES = "/bin/busybox mkdir /tmp/w; cd /tmp/w; echo {version} >index.html; {then}/bin/busybox httpd -f -p 80"
LIMIT_SECONDS = 6
LABEL = "com.docker.compose.oneoff=True"


def block(stack: AgentStack, version: int, port: int, then: str = "") -> Block:
    """A service without data that answers on a published port."""
    return stack.block(
        "one",
        SERVES.format(version=version, then=f"{then}; " if then else ""),
        tags(stack, 2)[version - 1],
        volumes=[],
        tmpfs=["/tmp"],
        ports=[{"host_ip": "127.0.0.1", "published": str(port), "target": 80}],
        healthcheck={"test": ["CMD", "/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1/"], "interval": "60s"},
    )


def version_at(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read().decode().strip())


def trials(stack: AgentStack) -> list[str]:
    return docker("ps", "-aq", "--filter", f"label=kit.stack={stack.name}", "--filter", f"label={LABEL}").split()


def test_a_bad_image_leaves_the_container_that_answers_alone_and_a_good_one_replaces_it(stack: AgentStack) -> None:
    port = next(free_ports(1, stack.name))
    good = stack.bundle({"one": block(stack, 1, port)})
    stack.apply(good)
    before = docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", stack.ids()["one"])

    hangs = stack.bundle({"one": block(stack, 2, port, then="echo no settings here; /bin/busybox sleep 600")})
    ends = stack.bundle({"one": block(stack, 2, port, then="echo no settings here; exit 7")})
    lacks = stack.bundle({"one": {**block(stack, 2, port), "entrypoint": ["/bin/nothing"]}})
    for bad, words in (
        (hangs, f"the new one did not get healthy: not within {LIMIT_SECONDS} s"),
        (ends, "the new one did not get healthy: it ended with exit code 7\\n  no settings here\\n"),
        (lacks, "the new one: docker compose failed: .*/bin/nothing"),
    ):
        with pytest.raises(AgentFailedError, match=words) as failure:
            stack.apply(bad, limit=LIMIT_SECONDS, tried=("one",))
        assert failure.value.document["rolled_back"]
        assert "the running one was not stopped" in str(failure.value)
        assert docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", stack.ids()["one"]) == before
        assert (version_at(port), stack.probe()["release"], trials(stack)) == ("1", good.release, [])

    better = stack.bundle({"one": block(stack, 2, port)})
    assert stack.apply(better, tried=("one",))["changed"]
    assert (version_at(port), trials(stack)) == ("2", [])


def test_a_trial_publishes_nothing_has_no_alias_and_is_removed_by_the_next_run_where_a_killed_one_left_it(
    stack: AgentStack,
) -> None:
    port = next(free_ports(1, stack.name))
    stack.apply(stack.bundle({"one": block(stack, 1, port)}))
    slow = stack.bundle({"one": block(stack, 2, port, then="/bin/busybox sleep 4")})
    with stack.held():
        stack.place(slow)
        agent = stack.start_agent("converge", stack.converge_request(slow, tried=("one",)))
        wait_until(lambda: trials(stack), "it is tried", saw=agent.poll)
        (trial,) = trials(stack)
        wait_until(lambda: inspected(trial)["State"]["Running"], "it runs", saw=agent.poll)
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait()
    made = inspected(trial)
    assert not made["HostConfig"]["PortBindings"]
    # Docker 20.10 keeps the word that Compose sends.
    assert made["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")
    assert made["Config"]["Image"] == tags(stack, 2)[1]
    aliases = [alias for network in made["NetworkSettings"]["Networks"].values() for alias in network["Aliases"] or []]
    assert "one" not in aliases
    assert version_at(port) == "1"
    assert set(stack.probe()["services"]) == {"one", "one.trial"}

    stack.apply(slow, tried=("one",))
    assert (version_at(port), set(stack.probe()["services"]), trials(stack)) == ("2", {"one"}, [])


def inspected(container: str) -> Block:
    (answer,) = json.loads(docker("inspect", container))
    return dict(answer)
