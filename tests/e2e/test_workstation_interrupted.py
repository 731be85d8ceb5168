"""An upload or a pull that is cut off fails in words, and the next apply finishes it from where it stopped."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import Popen

import pytest

from tests.e2e.library import TAG
from tests.e2e.under_way import MIB, arrived, arriving, ranges, slow
from tests.e2e.workstation import CAPITALS, Workstation
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

PART = 100_000_000
"""In these an engine asks for a large file."""
APPLY = ("apply", "--yes", "--json")


def test_an_engine_that_is_killed_in_the_middle_of_an_upload_has_it_after_the_next_apply(
    workstation: Workstation,
) -> None:
    before = workstation.engine.digests()
    workstation.engine.delete(CAPITALS)
    left = arriving(workstation)
    container = workstation.service("main").container

    with slow(container), workstation.running(*APPLY) as process:
        wait_until(
            lambda: is_uploading(workstation, process, left),
            "the upload is under way",
            saw=lambda: arrived(workstation, left),
        )
        container.kill("KILL")
        error = workstation.ended(process, *APPLY, code=1).document["error"]
    assert re.search(r"engine main: uploading sha256:[0-9a-f]{12}", error["problem"])
    assert "continues where this stopped" in error["next"]

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
            library.trouble.silent_from = PART + MIB
            wait_until(lambda: library.trouble.is_silent, "the second part is under way", saw=lambda: ranges(library))
        error = workstation.ended(process, *APPLY, code=1).document["error"]
    assert f"engine main: pulling {workstation.library.url}" in error["problem"]

    with workstation.library.open() as library:
        workstation.apply()
        rest = ranges(library)
    assert min(rest)[0] >= PART
    assert workstation.engine.digests() == before
    assert workstation.is_settled


def is_uploading(workstation: Workstation, process: Popen[str], left: set[Path]) -> bool:
    """True if a part of a file has arrived, but not all of it."""
    assert process.poll() is None, "it ended before its upload was seen"
    return arrived(workstation, left) > MIB
