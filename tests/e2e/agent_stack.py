"""A stack of tiny containers on this machine's own Docker, made and changed through the agent as the kit does it."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.contract.envelope import HoldRequest, JournalLine
from deploy.agent.contract.verbs import Verb
from deploy.agent.firewall import keep as firewall
from deploy.deployment.bundle import Bundle, File
from deploy.hosts.local import LocalTransport
from tests.waiting import PATIENCE_SECONDS, wait_until

BUSYBOX = Path("/bin/busybox")
HEALTHY = "trap 'exit 0' TERM; /bin/busybox touch /ok; while :; do /bin/busybox sleep 1 & wait; done"
"""A command that is healthy at once and ends when it is asked to."""
HEALTHY_LATER = HEALTHY.replace("/bin/busybox touch", "/bin/busybox sleep 3; /bin/busybox touch")
"""A command that is waited for until it is healthy."""
Document = dict[str, Any]
Block = dict[str, Any]


def docker(*words: str, check: bool = True) -> str:
    """Ask the docker client."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


@functools.cache
def busybox() -> bytes:
    """A static busybox, of this machine or from its Debian mirror."""
    if (
        BUSYBOX.exists()
        and b"statically" in subprocess.run(["file", "-L", BUSYBOX], capture_output=True, check=False).stdout
    ):
        return BUSYBOX.read_bytes()
    with tempfile.TemporaryDirectory(prefix="kit-busybox-") as name:
        folder = Path(name)
        asking = ["apt-get", "-o", "Acquire::Retries=5", "download", "busybox-static"]
        subprocess.run(asking, cwd=folder, capture_output=True, check=True)
        package = next(folder.glob("busybox-static*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, folder / "unpacked"], check=True)
        return next(folder.glob("unpacked/**/bin/busybox")).read_bytes()


def import_image(tag: str, version: str) -> str:
    """Give Docker an image of busybox and one file that tells its version; return its id."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content, mode in (("bin/busybox", busybox(), 0o755), ("version", version.encode(), 0o644)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    argv = ["docker", "import", "--change", f"LABEL kit.recipe={tag.split(':')[1]}", "-", tag]
    return subprocess.run(argv, input=buffer.getvalue(), capture_output=True, check=True).stdout.decode().strip()


class AgentStack:
    """One stack in a folder of its own, and the agent that changes it."""

    def __init__(self, folder: Path) -> None:
        self.name = f"t-agent-{uuid.uuid4().hex[:8]}"
        self.root = folder / self.name
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.transport = LocalTransport(str(folder / "agent"))
        self.run = ""
        self.lines: list[JournalLine] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the host for a run of its own."""
        self.run = uuid.uuid4().hex[:16]
        asked: HoldRequest = {"stack": self.name, "root": str(self.root), "run": self.run, "command": "test"}
        with self.transport.hold(asked, self.lines.append):
            yield
        self.run = ""

    def base(self) -> Document:
        """Keys of every request."""
        return {"stack": self.name, "root": str(self.root), "run": self.run}

    def call(self, verb: str, **fields: Any) -> Document:
        """Ask the agent."""
        return self.ask(verb, {**self.base(), **fields})

    def ask(self, verb: str, request: Document) -> Document:
        """Ask the agent for a verb with a request of any shape."""
        untyped: Verb[Document, Document] = Verb(verb)
        return self.transport.call(untyped, request)

    def probe(self, **fields: Any) -> Document:
        """Ask what the host is like now."""
        return self.call("probe", **fields)

    def block(self, service: str, command: str, image: str, **more: Any) -> Block:
        """Return a service's block: a shell command that is healthy once /ok is there."""
        block: Block = {
            "image": image,
            "entrypoint": ["/bin/sh", "-c", command],
            "stop_grace_period": "1s",
            "restart": "unless-stopped",
            "healthcheck": {"test": ["CMD", "/bin/busybox", "test", "-f", "/ok"], "interval": "500ms", "retries": 3},
            "volumes": [f"{self.data}/{service}:/data"],
            **more,
        }
        digest = hashlib.sha256(json.dumps(block, sort_keys=True).encode()).hexdigest()
        (self.data / service).mkdir(exist_ok=True)
        return {**block, "labels": {"kit.stack": self.name, "kit.service": service, "kit.digest": digest}}

    def bundle(self, blocks: dict[str, Block]) -> Bundle:
        """Return a release of these services; compose reads JSON as well."""
        compose = {"name": f"kit-{self.name}", "services": blocks}
        decided = {"format": 1, "services": [{"name": name, "data": {"host_path": "x"}} for name in blocks]}
        services = {n: {"digest": b["labels"]["kit.digest"], "image": b["image"]} for n, b in blocks.items()}
        files = (File("compose.yaml", json.dumps(compose)), File("deployment.json", json.dumps(decided)))
        return Bundle(self.name, files, services)

    def place(self, bundle: Bundle) -> Document:
        """Place a release."""
        files = [{"path": f.path, "content": f.content, "mode": f.mode, "sha256": f.sha256} for f in bundle.placed()]
        return self.call("place", release=bundle.release, files=files)

    def converge_request(
        self,
        bundle: Bundle,
        copied: tuple[str, ...] = (),
        limit: float = PATIENCE_SECONDS,
        tried: tuple[str, ...] = (),
    ) -> Document:
        """Return the request that the plan would make of what the host runs now."""
        seen = self.probe()
        services: dict[str, Any] = {}
        for name, parts in bundle.services.items():
            container = seen["services"].get(name)
            image = seen["images"].get(parts["image"], {}).get("id")
            action = "keep"
            if container is None:
                action = "create"
            elif _differs(container, parts, image):
                action = "recreate"
            elif container["state"] != "running":
                action = "start"
            services[name] = {"action": action, **parts, "health_timeout": limit, "copy": None}
            if name in copied:
                services[name]["copy"] = self.copy_request(name)
            if name in tried:
                services[name]["trial"] = {"memory_bytes": 2**20}
        services |= {name: {"action": "remove"} for name in seen["services"] if name not in bundle.services}
        return {
            **self.base(),
            "release": bundle.release,
            "services": services,
            "order": list(bundle.services),
            "project": f"kit-{self.name}",
            "previous": seen["release"],
        }

    def copy_request(self, service: str) -> Document:
        """Return what of a service is its data."""
        items = [{"sqlite": "app.db"}, {"tree": "files"}]
        return {"service": service, "host_path": str(self.data / service), "uid": 0, "gid": 0, "items": items}

    def apply(
        self,
        bundle: Bundle,
        copied: tuple[str, ...] = (),
        limit: float = PATIENCE_SECONDS,
        tried: tuple[str, ...] = (),
    ) -> Document:
        """Place, converge and accept a release under one hold."""
        with self.held():
            self.place(bundle)
            answer = self.ask("converge", self.converge_request(bundle, copied, limit, tried))
            self.call("accept", release=bundle.release)
        return answer

    def start_agent(self, verb: str, request: Document, zeros: int = 0) -> subprocess.Popen[bytes]:
        """Start the agent without waiting for its answer; a file of zeros comes behind the request."""
        argv = ["/usr/bin/python3", "-I", self.transport.agent_path, verb]
        with tempfile.TemporaryFile() as sent:
            sent.write(json.dumps({"format": 1, **request}).encode() + b"\n")
            sent.truncate(sent.tell() + zeros)
            sent.seek(0)
            return subprocess.Popen(argv, stdin=sent, stdout=subprocess.PIPE, start_new_session=True)

    def ids(self) -> dict[str, str]:
        """Return each service's container."""
        return {name: one["id"] for name, one in self.probe()["services"].items()}

    def remove(self) -> None:
        """Leave nothing of the stack on this machine."""
        found = docker("ps", "-aq", "--filter", f"label=kit.stack={self.name}").split()
        if found:
            docker("rm", "-f", *found)
        wait_until(self._has_no_network, "its networks are gone", saw=lambda: docker("network", "ls"))
        firewall.remove(self.name, self.root)
        shutil.rmtree(self.root, ignore_errors=True)

    def _has_no_network(self) -> bool:
        mine = ("--filter", f"label=com.docker.compose.project=kit-{self.name}")
        for network in docker("network", "ls", "-q", *mine).split():
            # Docker may take a moment to see that its last container has left it.
            docker("network", "rm", network, check=False)
        return not docker("network", "ls", "-q", *mine)


def _differs(container: Document, parts: dict[str, Any], image: str | None) -> bool:
    seen = (container["labels"]["kit.digest"], container["image_id"], container["recreated"])
    return seen != (parts["digest"], image, False)


def tags(stack: AgentStack, versions: int) -> list[str]:
    """Return names for images that nothing else uses."""
    return [f"kit/{stack.name}:{hashlib.sha256(f'{stack.name}{n}'.encode()).hexdigest()}" for n in range(versions)]


@contextmanager
def temporary(folder: Path, versions: int) -> Iterator[AgentStack]:
    """Make a stack with so many versions of its image, and leave nothing of it."""
    stack = AgentStack(folder)
    try:
        for number, tag in enumerate(tags(stack, versions), 1):
            import_image(tag, str(number))
        yield stack
    finally:
        stack.remove()
        for image in docker("images", "-q", "--no-trunc", f"kit/{stack.name}").split():
            docker("rmi", "-f", image, check=False)
