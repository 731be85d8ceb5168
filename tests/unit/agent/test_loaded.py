"""Modules that a start of the agent loads: each takes time on every host, in every plan."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.tree import REPOSITORY

HOST_PYTHON = "/usr/bin/python3"
UNUSED = [
    "ast",
    "bz2",
    "calendar",
    "dataclasses",
    "datetime",
    "inspect",
    "lzma",
    "random",
    "secrets",
    "shutil",
    "tempfile",
]
"""Modules that a probe has no use for."""
LOADED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import deploy.agent.entry, deploy.agent.__main__
from deploy.agent.verbs import operation_of
operation_of(sys.argv[2])
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(verb: str) -> set[str]:
    argv = [HOST_PYTHON, "-IS", "-c", LOADED, str(REPOSITORY), verb]
    return set(json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout))


@pytest.mark.parametrize("verb", ["probe", "lend"])
def test_a_verb_of_an_apply_without_work_loads_nothing_that_it_has_no_use_for(verb: str) -> None:
    assert loaded_by(verb) & set(UNUSED) == set()
