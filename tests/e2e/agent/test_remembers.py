"""The agent's records of each container: its making, and its secrets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from typing import Any

import pytest

from deploy.deployment.bundle import Bundle
from tests.e2e.agent_stack import HEALTHY, AgentStack, docker, tags

pytestmark = pytest.mark.docker


def test_a_rotated_secret_recreates_its_reader_and_is_the_cause_until_then(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    secret = {"name": "key", "owner": "one", "prefix": "sk-", "value": None}
    readers = [{"service": "one", "uid": 0, "gid": 0}]
    mount = [f"{stack.data}/one:/data", f"{stack.root}/secrets/one/key:/run/secrets/KEY:ro"]
    blocks = {"one": stack.block("one", HEALTHY, image, volumes=mount), "two": stack.block("two", HEALTHY, image)}
    with stack.held():
        assert stack.call("secrets", secrets=[{**secret, "readers": readers}])["changed"]
        assert not stack.call("secrets", secrets=[{**secret, "readers": readers}])["changed"]
    bundle = stack.bundle(blocks)
    stack.apply(bundle)
    assert stack.probe()["fingerprint_changed"] == {"one": [], "two": []}
    with stack.held():
        stack.call("secrets", secrets=[{**secret, "readers": readers, "value": "sk-another"}])
        assert stack.probe()["fingerprint_changed"] == {"one": ["key"], "two": []}
        request = stack.converge_request(bundle)
        request["services"]["one"]["action"] = "recreate"
        before = stack.ids()
        stack.ask("converge", request)
    assert stack.probe()["fingerprint_changed"] == {"one": [], "two": []}
    assert [name for name, container in stack.ids().items() if container != before[name]] == ["one"]
    assert "sk-another" not in json.dumps(stack.probe()) + json.dumps(stack.lines)


def test_a_container_that_was_recreated_by_hand_is_seen_and_made_as_the_release_says(stack: AgentStack) -> None:
    bundle = stack.bundle({name: stack.block(name, HEALTHY, tags(stack, 1)[0]) for name in ("one", "two")})
    stack.apply(bundle)
    made = stack.ids()
    docker("restart", "-t", "1", *made.values())
    assert recreated(stack) == []
    by_hand(stack, bundle, "one", mem_limit="64m")
    assert recreated(stack) == ["one"]
    with stack.held():
        stack.call("restart", services=["one"])
    assert recreated(stack) == ["one"]
    stack.apply(bundle)
    assert recreated(stack) == []
    assert stack.ids()["two"] == made["two"]
    assert docker("inspect", "-f", "{{.HostConfig.Memory}}", stack.ids()["one"]) == "0"


def test_nothing_is_recreated_because_the_agents_memory_is_gone(stack: AgentStack) -> None:
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, tags(stack, 1)[0])})
    reader = {"service": "one", "uid": 0, "gid": 0}
    with stack.held():
        stack.call(
            "secrets", secrets=[{"name": "key", "owner": "one", "prefix": "", "value": None, "readers": [reader]}]
        )
    stack.apply(bundle)
    made = stack.ids()
    shutil.rmtree(stack.root / "run")
    assert not stack.apply(bundle)["changed"]
    assert (stack.ids(), recreated(stack), stack.probe()["fingerprint_changed"]) == (made, [], {"one": []})
    by_hand(stack, bundle, "one")
    assert recreated(stack) == ["one"]


def test_a_container_whose_making_was_cut_off_is_not_taken_for_a_persons(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    stack.apply(stack.bundle({"one": stack.block("one", HEALTHY, image)}))
    before = stack.ids()
    wanted = stack.bundle({"one": stack.block("one", HEALTHY, image, environment={"NEW": "1"})})
    with stack.held():
        stack.place(wanted)
        agent = stack.start_agent("converge", stack.converge_request(wanted))
        while stack.ids() == before and agent.poll() is None:
            time.sleep(0.01)
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait()
    assert recreated(stack) == []


def recreated(stack: AgentStack) -> list[str]:
    return [name for name, one in stack.probe()["services"].items() if one["recreated"]]


def by_hand(stack: AgentStack, bundle: Bundle, service: str, **more: Any) -> None:
    """Recreate a container as a person does, with settings of their own and the release's labels."""
    compose = json.loads((stack.root / "releases" / bundle.release / "compose.yaml").read_text())
    compose["services"][service] |= more
    changed = stack.data / "by-hand.json"
    changed.write_text(json.dumps(compose))
    docker(
        "compose", "-p", f"kit-{stack.name}", "-f", str(changed), "up", "-d", "--no-deps", "--force-recreate", service
    )
