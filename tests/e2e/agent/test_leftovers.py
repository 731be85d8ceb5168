"""Leftovers of kill -9 on a host are gone after the next apply."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.agent_stack import HEALTHY, AgentStack, tags

pytestmark = pytest.mark.docker

BIG = 2**30
"""Long under way; only its beginning is written before the kill."""


def kill_when(agent: subprocess.Popen[bytes], there: Callable[[], bool], what: str) -> None:
    # Without a rest between two looks: some of these moments are short.
    while not there():
        assert agent.poll() is None, f"it ended before {what}"
    os.killpg(agent.pid, signal.SIGKILL)
    agent.wait()


def unfinished(stack: AgentStack) -> list[str]:
    """Return leftovers: files that belong to no release, no copy and no data."""
    half = [copy for copy in stack.root.glob("copies/*/*") if not (copy / "manifest.json").exists()]
    beside = [path for kind in (".*.new", ".*.part") for path in (*stack.root.rglob(kind), *stack.data.rglob(kind))]
    return [str(path) for path in (*beside, *half)]


def test_a_half_release_a_half_copy_and_a_half_model_are_gone_after_the_next_apply(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    first = stack.bundle({"one": stack.block("one", HEALTHY, image)})
    stack.apply(first)
    wanted = stack.bundle({"one": stack.block("one", HEALTHY, image, environment={"NEW": "1"})})
    files = stack.data / "one" / "files"
    files.mkdir(exist_ok=True)
    with (files / "big").open("wb") as big:
        big.truncate(BIG)
    models = stack.data / "models"
    source = {"file": {"name": "big"}}
    model = {"name": "m", "path": f"{models}/m.gguf", "uid": 0, "gid": 0, "sha256": "0" * 64, "size": BIG}
    with stack.held():
        placed = [{"path": f.path, "content": f.content, "mode": f.mode, "sha256": f.sha256} for f in wanted.placed()]
        request = {**stack.base(), "release": wanted.release, "files": placed}
        half = stack.root / "releases" / f".{wanted.release}.new"
        kill_when(stack.start_agent("place", request), half.exists, "a half release")
        copy = stack.start_agent("copy", {**stack.base(), **stack.copy_request("one")})
        kill_when(copy, lambda: any(stack.root.glob("copies/one/*/data")), "a half copy")
        bring = {**stack.base(), "models": [{**model, "source": source}]}
        bring |= {"cache": str(stack.data / "cache")}
        kill_when(stack.start_agent("models", bring, zeros=BIG), lambda: any(models.glob(".*.part")), "a half model")
    assert len(unfinished(stack)) >= 3

    stack.apply(wanted)
    with stack.held():
        collected = stack.call("collect", keep=[], model_folders=[str(models)])
        assert collected["changed"]
        assert not stack.call("collect", keep=[], model_folders=[str(models)])["changed"]
    assert unfinished(stack) == []
    assert (files / "big").stat().st_size == BIG
    assert stack.probe()["release"] == wanted.release
