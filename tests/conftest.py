"""Fixtures of all tests: the repository's place, and the requirements of tests on real systems."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.e2e.stories import story_of
from tests.tree import REPOSITORY

# Whether a change can land is not for dice to say, nor for how busy the machine is.
settings.register_profile("kit", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("kit")

# What a test starts heeds Ctrl-C also in a run that ignores it (in the background, by nohup).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for ignored in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, lambda *_: None)

DOCKER_SECONDS = 600
"""Installing Docker on a bare machine takes a minute or two."""
BRINGS_DOCKER = pytest.StashKey[bool]()
"""True if one of the selected tests installs Docker where it is missing."""
BRINGING = "`tests/run e2e tests/e2e/test_first_apply.py` installs one"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


class StoryScheduling(LoadScopeScheduling):  # type: ignore[misc] # its package has no types
    """Tests side by side: the scenarios of one stack stay together, as does each other file."""

    def _split_scope(self, nodeid: str) -> str:
        return story_of(Path(nodeid.partition("::")[0]))


def pytest_xdist_auto_num_workers() -> int:
    """Two more workers than processors: some wait for a program, a lock or a timeout."""
    return len(os.sched_getaffinity(0)) + 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> StoryScheduling | None:
    return StoryScheduling(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the collector away from the tests themselves, which live as long as the run."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what brings a Docker Engine along (e2e without docker) first; what takes long before what fills the gaps."""
    config.stash[BRINGS_DOCKER] = any(_turn(item) == 0 for item in items)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("docker") is None:
        return 0 if item.get_closest_marker("e2e") else 1
    story, _, name = story_of(item.path).partition("/")
    # The longest first. Images that the first apply assembles are taken later: there is enough to do until then.
    turns = {"between_hosts": 2, "lab": 3, "workstation": 4, "test_official_images": 5, "agent": 7}
    return turns.get(story) or turns.get(name, 6)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in (("docker", _docker_missing), ("browser", _browser_missing)):
        if item.get_closest_marker(marker) is None or not (reason := missing()):
            continue
        if marker == "docker":
            reason = _until_docker_is_there(reason) if item.config.stash[BRINGS_DOCKER] else f"{reason}; {BRINGING}"
        if not reason:
            continue
        if os.environ.get("KIT_TESTS_SKIP") == "never":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def _until_docker_is_there(reason: str) -> str:
    """Wait for the Docker Engine that the story beside this brings along; a run without workers has none beside it."""
    deadline = time.monotonic() + DOCKER_SECONDS * ("PYTEST_XDIST_WORKER" in os.environ)
    while reason and time.monotonic() < deadline:
        time.sleep(1)
        reason = _docker_missing() or _compose_missing()
    return reason


def _compose_missing() -> str:
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return "docker has no compose" if done.returncode else ""


def _docker_missing() -> str:
    endpoint = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not endpoint.startswith("unix://"):
        return ""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(endpoint.removeprefix("unix://"))
    except OSError as error:
        return f"no Docker Engine answers on {endpoint}: {error.strerror}"
    return ""


def _browser_missing() -> str:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not on PATH: {', '.join(missing)}" if missing else ""
