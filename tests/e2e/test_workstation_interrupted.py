"""An upload or a pull that is cut off fails in words, and the next apply finishes it from where it stopped."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import Popen

import pytest

from tests.doubles.registry.models import ModelRegistry
from tests.e2e.library import TAG
from tests.e2e.waiting import wait_until
from tests.e2e.workstation import CAPITALS, Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

LIMIT_SECONDS = 60
PART = 100_000_000
"""In these an engine asks for a large file."""
MIB = 2**20
APPLY = ("apply", "--yes", "--json")


def test_an_engine_that_is_killed_in_the_middle_of_an_upload_has_it_after_the_next_apply(
    workstation: Workstation,
) -> None:
    before = workstation.engine.digests()
    workstation.engine.delete(CAPITALS)
    left = arriving(workstation)

    with workstation.running(*APPLY) as process:
        wait_until(lambda: is_uploading(workstation, process, left), "the upload is under way", LIMIT_SECONDS)
        workstation.service("main").container.kill("KILL")
        error = workstation.ended(process, *APPLY, code=1).document["error"]
    assert re.search(r"engine main: uploading sha256:[0-9a-f]{12}", error["problem"])
    assert "goes on where this stopped" in error["next"]

    workstation.apply()
    assert workstation.engine.digests() == before
    assert workstation.is_settled


def test_a_registry_that_goes_in_the_middle_of_a_pull_is_asked_only_for_the_rest_afterwards(
    workstation: Workstation,
) -> None:
    before = workstation.engine.digests()
    workstation.engine.delete("assistant", "commit-message", TAG)

    with workstation.running(*APPLY) as process:
        with workstation.library.open() as library:
            library.trouble.seconds_per_piece = 0.001
            wait_until(lambda: spans(library)[-1:] == [PART], "the second part is under way", LIMIT_SECONDS)
        error = workstation.ended(process, *APPLY, code=1).document["error"]
    assert f"engine main: pulling {workstation.library.url}" in error["problem"]

    with workstation.library.open() as library:
        workstation.apply()
        rest = spans(library)
    assert min(rest) >= PART
    assert workstation.engine.digests() == before
    assert workstation.is_settled


def is_uploading(workstation: Workstation, process: Popen[str], left: set[Path]) -> bool:
    """Whether a part of a file has arrived, but not all of it."""
    assert process.poll() is None, "it ended before its upload was seen"
    return any(path.stat().st_size > MIB for path in arriving(workstation) - left)


def arriving(workstation: Workstation) -> set[Path]:
    """Return files that have no digest for a name yet; an engine keeps those of a crash for an hour."""
    return {path for path in workstation.blobs.iterdir() if len(path.name) < len("sha256-") + 64}


def spans(library: ModelRegistry) -> list[int]:
    """Return where each asked range of the large file begins."""
    return [int(found[1]) for line in library.seen if (found := re.search(r" bytes=(\d+)-\d{6,}$", line))]
