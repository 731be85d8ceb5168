"""The pytest plugin of the checks: their fixtures, one check per service, results as they come."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from deploy.agent.line import called_as
from deploy.deployment.document import read
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.deployment.way import Way
from deploy.hosts.reach import transport_of
from deploy.hosts.ssh.passwords import take_over
from deploy.verify.beside import Beside
from deploy.verify.checks import LAST, NotAsPlannedError, UnansweredError
from deploy.verify.containers import Containers, docker_of
from deploy.verify.decided import read_deployment
from deploy.verify.engines import Engines
from deploy.verify.evidence import HostEvidence
from deploy.verify.files import Files
from deploy.verify.left_out import LeftOut
from deploy.verify.network import Network
from deploy.verify.outsiders import Outsider, outsiders_of
from deploy.verify.places import Places
from deploy.verify.report import STACK, Check, Outcome
from deploy.verify.run import AWAY, CALL, DEPLOYMENT, LENT, OTHERS, RESULTS, SERVICES, WAY
from deploy.verify.secrets import HostSecrets
from deploy.verify.shares import Shares
from deploy.verify.web import Web

FIGURES = "figures"
"""Property of a check: the figures that it found as planned."""
DECIDED = pytest.StashKey[Deployment]()
EVIDENCE = pytest.StashKey[HostEvidence]()
OUTSIDERS = pytest.StashKey[tuple[Outsider, ...]]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the deployment that is checked, and ask the host about it."""
    called_as(json.loads(os.environ[CALL]))
    deployment = config.stash[DECIDED] = read_deployment(Path(os.environ[DEPLOYMENT]))
    way = read(Way, json.loads(os.environ[WAY]))
    others = [read(Beside, other) for other in json.loads(os.environ[OTHERS])]
    _take_over_passwords([way, *(other.way for other in others)])
    evidence = config.stash[EVIDENCE] = HostEvidence(transport_of(way), deployment)
    evidence.ask_ahead()
    folder = Path(os.environ[DEPLOYMENT]).parent
    config.stash[OUTSIDERS] = outsiders_of(way, others, folder, lambda: testinfra.get_host(evidence.transport.backend))
    results = config.stash[HEARD] = _Results(int(os.environ[RESULTS]))
    config.pluginmanager.register(results)


def _take_over_passwords(ways: list[Way]) -> None:
    if lent := os.environ.get(LENT):
        with os.fdopen(int(lent)) as stream:
            passwords = json.load(stream)
        for way in ways:
            if way.name in passwords:
                take_over(way, passwords[way.name])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a check of each engine or service: of every kind in the stack's checks, of its own kind in a room's."""
    wanted = json.loads(os.environ[SERVICES])
    if "engine" in metafunc.fixturenames:
        engines = [engine for engine in metafunc.config.stash[DECIDED].engines if engine.name in wanted]
        metafunc.parametrize("engine", engines, ids=[engine.name for engine in engines], scope="session")
    if "service" not in metafunc.fixturenames:
        return
    kind = _room(metafunc.definition.path)
    services = metafunc.config.stash[DECIDED].services
    chosen = [service for service in services if service.name in wanted and kind in (None, service.kind)]
    if "outsiders" in metafunc.fixturenames and not metafunc.config.stash[OUTSIDERS]:
        # There is no machine from which to ask: such a check belongs to other deployments.
        chosen = []
    metafunc.parametrize("service", chosen, ids=[service.name for service in chosen], scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each check its name in words and its service; sort by service, late answers last."""
    order = [service.name for service in config.stash[DECIDED].services]
    # A check without a wanted service would stay as a skipped one, and so would one without a machine to ask from.
    items[:] = [
        item
        for item in items
        if isinstance(_parameter(item), Service | Engine | None)
        and (config.stash[OUTSIDERS] or "outsiders" not in getattr(item, "fixturenames", ()))
    ]
    items.sort(key=lambda item: (_is_last(item), _place(item, order), _room(item.path) is not None))
    for item in items:
        whose = _parameter(item)
        name = getattr(item, "originalname", item.name).removeprefix("test_").replace("_", " ")
        owner = whose.name if isinstance(whose, Service | Engine) else STACK
        item.user_properties += [("name", name), ("service", owner)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip a check that gets no answer which tells anything."""
    try:
        return (yield)
    except UnansweredError as reason:
        pytest.skip(str(reason))


def _place(item: pytest.Item, order: list[str]) -> int:
    whose = _parameter(item)
    if not isinstance(whose, Service | Engine):
        return -1
    # An engine that the kit does not run comes after all services.
    return order.index(whose.name) if whose.name in order else len(order)


def _is_last(item: pytest.Item) -> bool:
    return getattr(item, "function", None) in LAST


def _parameter(item: pytest.Item) -> object:
    parameters = getattr(item, "callspec", None)
    return parameters.params.get("service", parameters.params.get("engine")) if parameters else None


def _room(path: Path) -> str | None:
    return path.parent.name if path.parent.parent.name == "components" else None


class _Results:
    """Writes each check's result as one JSON line."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "w")
        self._reports: list[pytest.TestReport] = []

    def wait(self, service: Service, reason: str) -> None:
        """Report why a check of a service takes longer."""
        self._write({"waits": reason, "service": service.name})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect a check's phases; the last one gives the result."""
        self._reports.append(report)
        if report.when == "teardown":
            self._write(vars(_check(self._reports)))
            self._reports = []

    def _write(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


HEARD = pytest.StashKey[_Results]()


def _check(reports: list[pytest.TestReport]) -> Check:
    properties = dict(reports[0].user_properties)
    told = next((report for report in reports if report.outcome != "passed"), reports[-1])
    outcome: Outcome = told.outcome
    seconds = round(sum(report.duration for report in reports), 3)
    message = _message(told) or dict(told.user_properties).get(FIGURES, "")
    return Check(str(properties["name"]), str(properties["service"]), outcome, seconds, str(message))


def _message(report: pytest.TestReport) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash else report.longrepr)
    return text.removeprefix("deploy.verify.checks.NotAsPlannedError: ")


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Everything that the host shall run."""
    return request.config.stash[DECIDED]


@pytest.fixture(scope="session")
def evidence(request: pytest.FixtureRequest) -> HostEvidence:
    """The host's facts, asked once."""
    return request.config.stash[EVIDENCE]


@pytest.fixture(scope="session")
def host(evidence: HostEvidence) -> Host:
    """The host, as testinfra reaches it."""
    return testinfra.get_host(evidence.transport.backend)


@pytest.fixture(scope="session")
def containers(evidence: HostEvidence) -> Iterator[Containers]:
    """The stack's containers as Docker describes them, asked once."""
    with docker_of(evidence) as docker:
        yield Containers(evidence, docker)


@pytest.fixture(scope="session")
def secrets(evidence: HostEvidence) -> HostSecrets:
    """The values of the stack's secrets; no message ever holds one."""
    return HostSecrets(evidence)


@pytest.fixture(scope="session")
def files(evidence: HostEvidence) -> Files:
    """The files of the current release."""
    return Files(evidence)


@pytest.fixture(scope="session")
def network(host: Host, containers: Containers, deployment: Deployment) -> Network:
    """The host's listeners, and the ways out of the services that are checked."""
    wanted = json.loads(os.environ[SERVICES])
    return Network(host, containers, [service for service in deployment.services if service.name in wanted])


@pytest.fixture(scope="session")
def outsiders(request: pytest.FixtureRequest) -> tuple[Outsider, ...]:
    """Machines beside the host; a check that wants them is made only where there are some."""
    return request.config.stash[OUTSIDERS]


@pytest.fixture(scope="session")
def engines(evidence: HostEvidence) -> Engines:
    """The engines whose models are made over their API, asked once."""
    return Engines(evidence, LeftOut(**json.loads(os.environ[AWAY])))


@pytest.fixture(scope="session")
def places(evidence: HostEvidence) -> Places:
    """The places of the services' data, looked at once."""
    return Places(evidence)


@pytest.fixture(scope="session")
def shares(evidence: HostEvidence) -> Shares:
    """The predicted shares of models on the host's cards."""
    return Shares(evidence)


@pytest.fixture
def telling(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Reports the figures of a check that passes."""

    def tell(figures: str) -> None:
        request.node.user_properties.append((FIGURES, figures))

    return tell


@pytest.fixture
def waiting(service: Service, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Reports why a check of the service takes longer."""
    return partial(request.config.stash[HEARD].wait, service)


@pytest.fixture
def web(service: Service, containers: Containers, secrets: HostSecrets) -> Web:
    """The service's published address, asked as a program on the host does; skipped unless healthy."""
    try:
        containers.ensure_healthy(service)
    except NotAsPlannedError:
        # The check of its health tells the cause.
        pytest.skip("not asked: its container is not running and healthy")
    return Web(service, secrets)


def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    """Accept a run without any check."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
