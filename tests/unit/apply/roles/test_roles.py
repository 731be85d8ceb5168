"""Roles say what they take, and no task stands in two of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from deploy.apply.phases.phase import ORDER
from deploy.apply.roles.debian import DebianVariables
from deploy.apply.roles.docker import DockerVariables
from deploy.apply.roles.images import ImagesVariables
from deploy.apply.roles.variables import BackupVariables, FoldersVariables
from deploy.stack import DATA_FOLDER, KIT_FOLDER
from tests.tree import REPOSITORY, tracked

ROLES = sorted({Path(path).parts[1] for path in tracked("roles")})


def tasks_of(role: str) -> str:
    return "".join((REPOSITORY / path).read_text() for path in tracked(f"roles/{role}/tasks/*.yml"))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_describes_every_variable_that_it_is_given(role: str) -> None:
    specs = yaml.safe_load((REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    assert all(option["description"] and option["type"] for option in options.values())
    text = tasks_of(role)
    own = set(re.findall(rf"register: ({role}_\w+)", text)) | set(re.findall(rf"^ +({role}_\w+):", text, re.MULTILINE))
    used = set(re.findall(rf"\b({role}_\w+)\b", text)) - own
    assert used <= set(options)


VARIABLES: dict[str, type] = {
    "backup": BackupVariables,
    "debian_packages": DebianVariables,
    "docker_engine": DockerVariables,
    "folders": FoldersVariables,
    "images": ImagesVariables,
}


@pytest.mark.parametrize("role", VARIABLES)
def test_a_roles_variables_are_typed_by_name(role: str) -> None:
    specs = yaml.safe_load((REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    typed = get_type_hints(VARIABLES[role]).keys()
    assert typed <= options.keys()
    # A role that includes another one names its packages.
    required = {name for name, option in options.items() if option.get("required")} - {"debian_packages_names"}
    assert required <= typed


def test_no_role_writes_a_folder_of_the_kit_itself() -> None:
    """These paths come from deploy/stack.py, as variables."""
    texts = {path: (REPOSITORY / path).read_text() for path in tracked("roles")}
    assert len(texts) > 15
    assert [path for path, text in texts.items() if KIT_FOLDER in text or DATA_FOLDER in text] == []


def test_no_task_stands_twice() -> None:
    names = Counter(name for role in ROLES for name in re.findall(r"- name: (.+)", tasks_of(role)))
    assert len(names) > 30
    assert [name for name, times in names.items() if times > 1] == []


def test_the_agent_is_called_by_one_task() -> None:
    calling = [role for role in ROLES if "agent_command" in tasks_of(role)]
    assert calling == ["agent"]
    assert tasks_of("agent").count("- name:") == 1


def test_every_role_is_a_step_of_a_phase_or_part_of_one() -> None:
    steps = {word for _, _, words in ORDER for word in words}
    included = set(re.findall(r"name: (\w+)$", "".join(map(tasks_of, ROLES)), re.MULTILINE))
    assert set(ROLES) - steps - included == {"agent"}
