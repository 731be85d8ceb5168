"""The stack under test: the real command line on one side, what Docker and the disk say of it on the other."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import gettempdir
from typing import Any

import docker
from docker.errors import APIError
from docker.models.containers import Container

from deploy.agent.contract.envelope import Holder
from deploy.agent.holder import WORKING, current_holder, is_locked
from tests.e2e.evidence import Evidence, Ran
from tests.e2e.place import NAME, Place
from tests.e2e.processes import kill
from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until

KIT = str(REPOSITORY / "kit")
LIMIT_SECONDS = 900


@dataclass(frozen=True)
class Seen:
    """A container as Docker tells it; equal means that nobody touched it."""

    id: str
    started_at: str
    image: str
    state: str
    health: str
    ports: tuple[str, ...]
    container: Container = field(compare=False, repr=False)

    @property
    def address(self) -> str:
        """Address on this machine."""
        return f"http://{self.ports[0]}"

    @property
    def inspect(self) -> dict[str, Any]:
        """Everything that Docker knows of it."""
        self.container.reload()
        attributes: dict[str, Any] = self.container.attrs
        return attributes


class Stack:
    """One stack on this machine."""

    name = NAME
    root = Path("/opt/kit") / NAME
    data = Path("/srv/kit") / NAME

    def __init__(self, place: Place, evidence: Evidence, before: tuple[str, ...] = ()) -> None:
        self.place = place
        self.evidence = evidence
        self._before = before
        """Words in front of the command line."""
        self._is_trusted = False

    def kit(self, verb: str, *words: str, code: int = 0, secret: bool = False) -> Ran:
        """Run the command line to its end and expect an exit code."""
        begun = time.monotonic()
        with self.running(verb, *words) as process:
            return self.ended(process, verb, *words, code=code, secret=secret, begun=begun)

    def ended(
        self, process: Popen[str], *words: str, code: int = 0, secret: bool = False, begun: float | None = None
    ) -> Ran:
        """Wait for the end of a run and expect its exit code."""
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        seconds = time.monotonic() - begun if begun else 0.0
        ran = Ran(words, process.returncode, out, err, seconds, json.loads(out) if "--json" in words and out else {})
        if not secret:
            self.evidence.keep(ran)
        assert ran.code == code, f"expected exit {code}\n{ran}"
        return ran

    @contextmanager
    def running(self, verb: str, *words: str, shell: dict[str, str] | None = None) -> Iterator[Popen[str]]:
        """Start the command line as a shell does: leader of its own process group; nothing of it outlives the block."""
        argv = [*self._before, KIT, *verb.split(), *words, str(self.place.spec_path)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        with (
            images_stay(verb),
            Popen(
                argv,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                text=True,
                env=environment | (shell or {}),
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                if process.poll() is None:
                    kill(process.pid, with_all=True)

    def apply(self, *words: str, code: int = 0) -> Ran:
        """Apply without a question."""
        return self.kit("apply", "--yes", "--json", *words, code=code)

    def plan(self) -> list[tuple[str, str]]:
        """Return what an apply would do: action and resource."""
        operations = self.kit("plan", "--json").here["operations"]
        return [(operation["action"], operation["resource"]) for operation in operations]

    @property
    def is_settled(self) -> bool:
        """True if an apply has nothing to do."""
        return not self.plan()

    @property
    def is_busy(self) -> bool:
        """True if something still changes the host, with its control node or without."""
        return self.busy != (None, False)

    @property
    def busy(self) -> tuple[Holder | None, bool]:
        """The holder of the host, and whether a step goes on without a holder."""
        return current_holder(self.root), is_locked(self.root / "run" / WORKING)

    @contextmanager
    def settled(self, has_failed: Callable[[], bool]) -> Iterator[None]:
        """Give it as kit.yaml says; a scenario that succeeds leaves it so, and only after another it is looked at."""
        if not self._is_trusted:
            self.settle()
        self._is_trusted = False
        yield
        self._is_trusted = not has_failed()

    def settle(self) -> None:
        """Make the host as kit.yaml says, or was at first where a scenario failed half-way."""
        wait_until(lambda: not self.is_busy, "what was left of a run has ended", LIMIT_SECONDS, saw=lambda: self.busy)
        if not self.is_settled:
            self.place.mend()
            self.apply()

    @property
    def ports(self) -> dict[str, int]:
        """Ports by service, as kit.yaml says."""
        spec = self.place.spec
        engines = {engine["name"]: engine["port"] for engine in spec["engines"]}
        return engines | {spec[front]["kind"]: spec[front]["port"] for front in ("gateway", "webui")}

    def files(self) -> dict[str, int]:
        """Return when each file of the releases was written."""
        folders = (self.root / "releases", self.root / "files")
        return {str(path): path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}

    def containers(self) -> dict[str, Seen]:
        """Return every container that carries the stack's label, stopped ones too."""
        with docker_client() as client:
            label = f"kit.stack={self.name}"
            # One that is replaced meanwhile is listed, and gone when it is looked at.
            found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
            return {one.labels["kit.service"]: seen(one) for one in found}

    def service(self, name: str) -> Seen:
        """Return one service's container."""
        return self.containers()[name]

    def secret(self, name: str) -> str:
        """Ask for a secret as a person does; it is kept nowhere."""
        value: str = self.kit("secret show", name, "--json", secret=True).document["value"]
        return value

    def destroy(self) -> None:
        """Remove everything, whatever an earlier run left."""
        if self.root.exists() or self.data.exists():
            self.kit("destroy", "--data", "--confirm", self.name, "--json")

    def keep_logs(self) -> None:
        """Keep what containers and the agent's journal said."""
        for name, one in self.containers().items():
            self.evidence.keep_text(f"{name}.log", one.container.logs(timestamps=True).decode(errors="replace"))
        journal = self.root / "run" / "journal.jsonl"
        if journal.exists():
            self.evidence.keep_text("journal.jsonl", journal.read_text())

    def decided(self, service: str) -> dict[str, Any]:
        """Return what the release that stands says of a service."""
        services = json.loads((self.release / "deployment.json").read_text())["services"]
        found: dict[str, Any] = next(one for one in services if one["name"] == service)
        return found

    @property
    def release(self) -> Path:
        """Folder of the release that stands."""
        return (self.root / "current").resolve()


@contextmanager
def images_stay(verb: str) -> Iterator[None]:
    """Let nobody's images be destroyed while another stack, whose release does not name them yet, brings the same."""
    kind = {"apply": fcntl.LOCK_SH, "destroy": fcntl.LOCK_EX}.get(verb)
    with (Path(gettempdir()) / "kit-e2e-images").open("a") as lock:
        if kind is not None:
            fcntl.flock(lock, kind)
        yield


def docker_client() -> closing[docker.DockerClient]:
    """Ask this machine's Docker."""
    return closing(docker.from_env(timeout=PATIENCE_SECONDS))


def seen(container: Container) -> Seen:
    """Read what Docker tells of a container."""
    attributes = container.attrs
    state, ports = attributes["State"], attributes["NetworkSettings"]["Ports"] or {}
    return Seen(
        id=attributes["Id"],
        started_at=state["StartedAt"],
        image=attributes["Config"]["Image"],
        state=state["Status"],
        health=_health(container),
        ports=tuple(sorted(f"{one['HostIp']}:{one['HostPort']}" for some in ports.values() for one in some or ())),
        container=container,
    )


def _health(container: Container) -> str:
    """Return a container's health; Docker's first check comes after an interval, so one that starts is asked now."""
    attributes: dict[str, Any] = container.attrs
    health = str(attributes["State"].get("Health", {}).get("Status", ""))
    if health != "starting" or attributes["State"]["Status"] != "running":
        return health
    with suppress(APIError):
        if container.exec_run(attributes["Config"]["Healthcheck"]["Test"][1:]).exit_code == 0:
            return "healthy"
    return health
