"""Personal settings of Docker's client, such as a proxy, reach no container of the kit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.agent_stack import HEALTHY, AgentStack, docker, tags

pytestmark = pytest.mark.docker
PROXY = "http://proxy.example:3128"


def proxies(stack: AgentStack) -> list[str]:
    """Return the variables of a proxy that the stack's only container has."""
    (container,) = stack.ids().values()
    lines = json.loads(docker("inspect", "--format", "{{json .Config.Env}}", container))
    return sorted(name for name, _, value in (line.partition("=") for line in lines or ()) if value == PROXY)


def test_a_proxy_of_a_persons_reaches_no_container_and_one_that_did_is_seen(
    stack: AgentStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "config.json").write_text(json.dumps({"proxies": {"default": {"httpProxy": PROXY}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
    stack.apply(stack.bundle({"one": stack.block("one", HEALTHY, tags(stack, 1)[0])}))
    assert proxies(stack) == []
    (seen,) = stack.probe()["services"].values()
    assert (seen["proxies"], seen["defaults"]) == ([], [])

    current = stack.root / "current"
    words = ["--project-name", f"kit-{stack.name}", "--project-directory", str(current)]
    up = ["up", "--detach", "--force-recreate", "--no-build", "--pull", "never"]
    docker("compose", *words, "--file", str(current / "compose.yaml"), *up)
    assert proxies(stack) == ["HTTP_PROXY", "http_proxy"]
    (seen,) = stack.probe()["services"].values()
    assert seen["proxies"] == ["HTTP_PROXY", "http_proxy"]
