"""What all tests share: where the repository is, and what has to be there for those that use the real thing."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from tests.tree import REPOSITORY


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what brings a Docker Engine along (e2e without docker) before what needs one that is there."""
    items.sort(key=lambda item: (item.get_closest_marker("docker") is not None, item.get_closest_marker("e2e") is None))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in (("docker", _docker_missing), ("browser", _browser_missing)):
        if item.get_closest_marker(marker) is None or not (reason := missing()):
            continue
        if os.environ.get("KIT_TESTS_SKIP") == "never":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


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
