from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.apply.roles.process import PlaybookResult
from tests.e2e.lab.host import Process1, lab_host
from tests.roles.lab import ENGINE, Lab, converge

KINDS: tuple[tuple[str, Process1], ...] = (("bookworm", "init"), ("bookworm", "systemd"), ("trixie", "systemd"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Bare hosts of every kind that kit installs Docker on."""
    with ExitStack() as stack:
        yield {
            f"{suite}-{process_1}": stack.enter_context(lab_host(suite, process_1, tmp_path_factory.mktemp(suite)))
            for suite, process_1 in KINDS
        }


@pytest.fixture(scope="session")
def first(lab: Lab) -> PlaybookResult:
    """The run that installed the engines."""
    return converge(lab, *ENGINE)
