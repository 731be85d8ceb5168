"""A terminal and the lines that `kit clients` prints reach the models."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e.workstation import Workstation
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

SHELL = ["bash", "-euo", "pipefail", "-c"]
PYTHON = ["uv", "run", "--quiet", "--no-project", "--with", "ollama", "--with", "openai", "python", "-c"]


def test_a_model_answers_in_the_terminal(workstation: Workstation) -> None:
    answer = workstation.kit("run", "commit-message", "I mended the door.", "--json").document

    assert answer["answer"]
    assert 1 <= answer["tokens"] <= 16


def test_every_model_is_listed_as_equal(workstation: Workstation) -> None:
    listed = workstation.kit("models", "--json").here["models"]

    wanted = {(model["engine"], model["name"]) for model in workstation.place.spec["models"]}
    assert {(one["engine"], one["name"]) for one in listed if one["state"] == "equal"} == wanted


@pytest.mark.parametrize(
    ("client", "then", "said"),
    [
        ("curl", "", '"content"'),
        ("env", 'curl -sS -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"', '"commit-message"'),
        ("aliases", "models", "equal"),
    ],
)
def test_the_lines_for_a_shell_are_run(workstation: Workstation, client: str, then: str, said: str) -> None:
    lines = workstation.kit("clients", "--for", client).out

    assert said in run(*SHELL, f"shopt -s expand_aliases\n{lines}\n{then}")


@pytest.mark.network
@pytest.mark.parametrize("client", ["python", "ollama-python"])
def test_the_lines_for_python_are_run(workstation: Workstation, client: str) -> None:
    lines = workstation.kit("clients", "--for", client).out
    key = workstation.secret("litellm_master_key")

    assert run(*PYTHON, lines, key=key).strip()


def run(*argv: str, key: str = "") -> str:
    """Run what a person would, and return what it printed."""
    done = subprocess.run(
        argv,
        env={**os.environ, "OPENAI_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
