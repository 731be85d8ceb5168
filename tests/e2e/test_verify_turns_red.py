"""Whatever somebody changes by hand, verify sees it and apply mends it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.e2e.place import free_ports
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


def test_a_stopped_container_an_open_port_and_a_changed_file_turn_verify_red_and_apply_mends_them(
    stack: Stack,
) -> None:
    right = stack.containers()
    # Files of earlier releases lie beside the one that runs.
    mounted = [Path(mount["Source"]) for mount in right["litellm"].inspect["Mounts"]]
    config = next(path for path in mounted if path.suffix == ".yaml" and "model_list" in path.read_text())

    right["open_webui"].container.stop()
    assert_red(stack, "open_webui")
    # The engine is the one that is soon there again.
    open_another_port(stack, "main")
    assert_red(stack, "main")
    config.chmod(0o644)
    config.write_text(f"{config.read_text()}# somebody was here\n")
    assert_red(stack, "litellm")

    stack.apply()

    mended = stack.containers()
    assert {name: one.health for name, one in mended.items()} == dict.fromkeys(right, "healthy")
    assert {name: one.ports for name, one in mended.items()} == {name: one.ports for name, one in right.items()}
    assert "somebody" not in config.read_text()
    assert b"somebody" not in mended["litellm"].container.exec_run(["sh", "-c", "cat /*/*.yaml /*/*/*.yaml"]).output
    assert stack.is_settled


def test_paths_that_somebody_opened_are_told_by_status_plan_and_verify_and_mended_by_apply(stack: Stack) -> None:
    secrets, chats = stack.root / "secrets", Path(stack.decided("open_webui")["data"]["host_path"])
    before = {path: path.stat().st_mode & 0o7777 for path in (secrets, secrets / "main", stack.root / "run", chats)}
    key = next((secrets / "main").iterdir())
    before[key] = key.stat().st_mode & 0o7777
    stack.kit("status", "--check", code=0)
    for path in before:
        path.chmod(0o777 if path.is_dir() else 0o644)

    told = "\n".join(stack.kit("status", "--check", "--json", code=3).here["drift"])
    planned = json.dumps(stack.kit("plan", "--check", "--json", code=3).here["operations"])
    report = stack.kit("verify", "--json", code=1).here
    red = "\n".join(check["message"] for check in report["checks"] if check["outcome"] == "failed")
    for path in before:
        assert str(path) in told
        assert str(path) in red
        assert str(path) in planned or path == key
    assert "secret main_api_key" in planned

    stack.apply()

    assert {path: path.stat().st_mode & 0o7777 for path in before} == before
    stack.kit("status", "--check", code=0)
    assert stack.is_settled


def test_containers_from_outside_turn_verify_red_and_are_told_until_they_are_gone(stack: Stack) -> None:
    main = stack.containers()["main"].container
    image = str(main.attrs["Image"])
    names, network = [f"{stack.name}-{word}" for word in ("guest", "spy")], f"kit-{stack.name}_inner"
    run = ["docker", "run", "--detach", "--entrypoint", "sleep"]
    try:
        subprocess.run([*run, "--name", names[0], image, "900"], check=True, capture_output=True)
        subprocess.run(["docker", "network", "connect", network, names[0]], check=True, capture_output=True)
        spying = ["--name", names[1], "--network", f"container:{main.id}", "--pid", f"container:{main.id}"]
        subprocess.run([*run, *spying, image, "900"], check=True, capture_output=True)

        report = stack.kit("verify", "main", "--json", code=1).here
        red = [check["message"] for check in report["checks"] if check["outcome"] == "failed"]
        assert [" ".join(line.split()[:2]) for line in red[0].splitlines()] == [
            f"container {name}," for name in (names[0], names[1], names[1])
        ]
        assert len(red) == 1
        told = "\n".join(stack.kit("status", "--check", "--json", code=3).here["drift"])
        assert all(name in told for name in names)
        assert all(name in json.dumps(stack.kit("plan", "--json").here["advice"]) for name in names)
    finally:
        subprocess.run(["docker", "rm", "--force", *names], check=False, capture_output=True)

    stack.kit("verify", "main", code=0)
    stack.kit("status", "--check", code=0)


def assert_red(stack: Stack, service: str) -> None:
    """Verify one service and expect a check of it to fail."""
    report = stack.kit("verify", service, "--json", code=1).here
    assert not report["passed"]
    assert [check for check in report["checks"] if check["outcome"] != "passed"]


def open_another_port(stack: Stack, service: str) -> None:
    """Recreate a container by hand with one more port, open to the whole network, and all else as it was."""
    compose = yaml.safe_load((stack.release / "compose.yaml").read_text())
    one = compose["services"][service]["ports"][0]
    more = {**one, "host_ip": "0.0.0.0", "published": str(next(free_ports(1)))}
    compose["services"][service]["ports"].append(more)
    changed = stack.place.folder / "by-hand.yaml"
    changed.write_text(yaml.safe_dump(compose))
    project = ["docker", "compose", "--project-name", compose["name"], "--project-directory", str(stack.root)]
    subprocess.run(
        [*project, "--file", str(changed), "up", "--detach", "--no-deps", service], check=True, capture_output=True
    )
