from __future__ import annotations

import http.server
import json
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import KitError
from tests.e2e.agent_stack import HEALTHY, AgentStack, docker, import_image, tags
from tests.e2e.place import free_ports
from tests.waiting import wait_until

pytestmark = pytest.mark.docker


def test_the_probe_answers_before_anything_exists(stack: AgentStack) -> None:
    seen = stack.probe(folders=[str(stack.data), "/nowhere"], data_roots=["/var/cache/kit"])
    assert (seen["release"], seen["good"], seen["manifest"], seen["services"], seen["secrets"]) == (None,) * 3 + (
        {},
    ) * 2
    assert seen["docker"]["server"]
    assert seen["docker"]["version"] == docker("version", "--format", "{{.Server.Version}}")
    assert seen["docker"]["compose"] == docker("compose", "version", "--short").removeprefix("v")
    assert seen["folders"]["/nowhere"]["exists"] is False
    assert seen["folders"][str(stack.data)]["empty"] is True
    assert seen["disk"]["/var/cache/kit"]["free_bytes"] > 0
    assert seen["memory_bytes"] > 2**28
    assert seen["cores"] >= 1
    assert seen["os"]["id"] in Path("/etc/os-release").read_text()
    assert not stack.root.exists()


def test_the_probe_says_what_differs_from_the_release(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, image)})
    stack.apply(bundle)
    seen = stack.probe()
    assert seen["manifest"] == bundle.manifest
    assert seen["images"][image]["recipe"] == image.split(":")[1]
    one = seen["services"]["one"]
    assert (one["state"], one["health"], one["image"], one["restarts"]) == ("running", "healthy", image, 0)
    assert one["image_id"] == seen["images"][image]["id"]
    compose = stack.root / "releases" / bundle.release / "compose.yaml"
    compose.chmod(0o644)
    (stack.root / "releases" / bundle.release / "deployment.json").unlink()
    path = f"releases/{bundle.release}"
    assert [(one["path"], one["cause"]) for one in stack.probe()["changed_files"]] == [
        (f"{path}/compose.yaml", "mode is 0644, not 0444"),
        (f"{path}/deployment.json", "is missing"),
    ]
    with stack.held():
        assert stack.place(bundle)["placed"] == [f"{path}/compose.yaml", f"{path}/deployment.json"]
        assert not stack.place(bundle)["changed"]
    assert stack.probe()["changed_files"] == []


def test_who_takes_a_port_is_named_be_it_a_process_a_container_or_this_stack_itself(stack: AgentStack) -> None:
    taken, published, own = free_ports(3, stack.name)
    asked = [{"address": "127.0.0.1", "port": port} for port in (taken, published, own)]
    image = tags(stack, 1)[0]
    other = f"{stack.name}-other"
    docker("run", "-d", "--name", other, "-p", f"127.0.0.1:{published}:80", image, "/bin/busybox", "sleep", "86400")
    try:
        mine = stack.block("one", HEALTHY, image, ports=[f"127.0.0.1:{own}:80"])
        stack.apply(stack.bundle({"one": mine}))
        with closing(socket.create_server(("127.0.0.1", taken))):
            found = {one["port"]: one for one in stack.probe(ports=asked)["ports"] if one["port"] != 11434}
    finally:
        docker("rm", "-f", other)
    assert set(found) == {taken, published}
    assert found[published]["container"] == other
    assert found[taken]["container"] is None
    assert "py" in found[taken]["process"]


class OllamaDouble(http.server.BaseHTTPRequestHandler):
    """A double of an Ollama: it answers /api/version as contracts/ollama records it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"version": "0.9.9"}).encode())

    def log_message(self, *_words: Any) -> None:
        """Keep the server's log out of the test's output."""


def test_an_ollama_that_runs_already_is_named_with_its_version(stack: AgentStack) -> None:
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 11434), OllamaDouble)
    except OSError:
        pytest.skip("something listens on 11434 already")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        # The agent asks it for half a second, which a busy machine may need for itself.
        version = wait_until(
            lambda: version_on_the_usual_port(stack), "its version is known", saw=lambda: stack.probe()["ports"]
        )
    finally:
        server.shutdown()
        server.server_close()
    assert version == "Ollama 0.9.9"


def version_on_the_usual_port(stack: AgentStack) -> str | None:
    (listener,) = (listener for listener in stack.probe()["ports"] if listener["port"] == 11434)
    engine = listener["engine"]
    version: str | None = engine and engine["program"]
    return version


def test_a_release_that_compose_does_not_accept_is_not_placed(stack: AgentStack) -> None:
    bundle = stack.bundle({"one": {**stack.block("one", HEALTHY, "x"), "no_such_key": 1}})
    with stack.held(), pytest.raises(KitError, match="no_such_key"):
        stack.place(bundle)
    assert list((stack.root / "releases").iterdir()) == []


def test_stop_lasts_until_start_and_is_told_by_the_probe(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    bundle = stack.bundle({name: stack.block(name, HEALTHY, image) for name in ("one", "two")})
    stack.apply(bundle)
    made = stack.ids()
    with stack.held():
        assert stack.call("stop", services=["one"])["services"] == ["one"]
        assert not stack.call("stop", services=["one"])["changed"]
    seen = stack.probe()
    assert seen["stopped"] == ["one"]
    assert [seen["services"][name]["state"] for name in ("one", "two")] == ["exited", "running"]
    with stack.held():
        assert stack.call("start", services=[])["services"] == ["one"]
        assert stack.call("restart", services=["two"])["changed"]
        with pytest.raises(KitError, match="there is no container of three"):
            stack.call("stop", services=["three"])
    seen = stack.probe()
    assert (seen["stopped"], stack.ids()) == ([], made)
    assert {one["health"] for one in seen["services"].values()} == {"healthy"}


def test_collect_keeps_what_kept_releases_name_and_removes_the_rest(stack: AgentStack) -> None:
    old, new, newer = tags(stack, 3)
    bundles = []
    import_image(newer, newer)
    for image in (old, new, newer):
        bundles.append(stack.bundle({"one": stack.block("one", HEALTHY, image)}))
        stack.apply(bundles[-1])
    with stack.held():
        assert stack.call("collect", keep=[bundles[1].release])["images"] == [old]
        assert not stack.call("collect", keep=[bundles[1].release])["changed"]
    kept = sorted(path.name for path in (stack.root / "releases").iterdir())
    assert kept == sorted(bundle.release for bundle in bundles[1:])
    assert sorted(stack.probe()["images"].keys() & {old, new, newer}) == sorted((new, newer))


def test_down_and_destroy_keep_data_until_it_is_asked_for_by_folder(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    bundle = stack.bundle({"one": stack.block("one", HEALTHY, image)})
    secret: dict[str, Any] = {"name": "key", "owner": "one", "prefix": "", "value": None, "readers": []}
    with stack.held():
        stack.call("secrets", secrets=[secret, {**secret, "owner": "nobody"}])
    stack.apply(bundle)
    (stack.data / "one" / "chat").write_text("kept")
    with stack.held():
        gone = stack.call("down")
        assert (gone["containers"], gone["networks"]) == (["one"], [f"kit-{stack.name}_default"])
        assert not stack.call("down")["changed"]
    assert stack.probe()["release"] == bundle.release
    assert stack.apply(bundle)["changed"]

    with stack.held():
        assert stack.call("destroy", data=False, folders=[str(stack.data)])["images"] == [image]
    assert (stack.data / "one" / "chat").read_text() == "kept"
    assert sorted(path.name for path in stack.root.iterdir()) == ["secrets"]
    assert [path.name for path in (stack.root / "secrets").iterdir()] == ["one"]
    seen = stack.probe()
    assert (seen["release"], seen["services"]) == (None, {})

    with stack.held():
        with pytest.raises(KitError, match="/srv is not a folder of user data"):
            stack.call("destroy", data=True, folders=["/srv"])
        assert stack.call("destroy", data=True, folders=[str(stack.data)])["changed"]
    assert not stack.data.exists()
    assert not stack.root.exists()
