"""A service with a new user gets its folders; on a failure the folders go back with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.deployment.bundle import Bundle
from deploy.hosts.wire.transport import AgentFailedError
from tests.e2e.agent_stack import HEALTHY, AgentStack, tags

pytestmark = pytest.mark.docker

BEFORE, NOW = (10103, 10103), (10200, 10201)
WRITES = f"/bin/busybox touch /data/written; {HEALTHY}"
"""A command that fails where it may not write to its data."""


def test_folders_change_hands_with_all_in_them_and_go_back_where_the_service_fails(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    data = stack.data / "one"
    data.mkdir()
    (data / "letter.txt").write_text("dear")
    for path in (data, data / "letter.txt"):
        os.chown(path, *BEFORE)
    stack.apply(release(stack, image, WRITES, BEFORE))
    assert owner(data / "written") == BEFORE

    with pytest.raises(AgentFailedError):
        handed_over(stack, release(stack, image, "exit 7", NOW))
    assert owner(data) == owner(data / "letter.txt") == BEFORE
    assert stack.probe()["services"]["one"]["health"] == "healthy"

    handed_over(stack, release(stack, image, f"{WRITES} #", NOW))
    assert owner(data) == owner(data / "letter.txt") == owner(data / "written") == NOW
    assert stack.probe()["services"]["one"]["health"] == "healthy"


def release(stack: AgentStack, image: str, command: str, user: tuple[int, int]) -> Bundle:
    """Return a release of one service; its mark of health lies in memory, for it is not root's to write elsewhere."""
    tested = ["CMD", "/bin/busybox", "test", "-f", "/run/ok"]
    block = stack.block(
        "one",
        command.replace("/ok", "/run/ok"),
        image,
        user=f"{user[0]}:{user[1]}",
        tmpfs=["/run:mode=1777"],
        healthcheck={"test": tested, "interval": "500ms", "retries": 3},
    )
    return stack.bundle({"one": block})


def handed_over(stack: AgentStack, bundle: Bundle) -> None:
    """Converge as the plan would have it where kit.yaml names another user."""
    before = {"from_uid": BEFORE[0], "from_gid": BEFORE[1]}
    owners = [{"path": str(stack.data / "one"), "uid": NOW[0], "gid": NOW[1], **before}]
    with stack.held():
        stack.place(bundle)
        request = stack.converge_request(bundle)
        request["services"]["one"]["owners"] = owners
        stack.ask("converge", request)
        stack.call("accept", release=bundle.release)


def owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid
