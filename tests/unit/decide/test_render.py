"""The same spec, lock and kit give the same bytes; what validates renders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans, dictionaries, integers, lists, none, recursive, sampled_from, text

from deploy.decide.desired import load_desired
from deploy.decide.render import block_yaml, render
from deploy.decide.resolve import resolve
from deploy.deployment.bundle import Bundle
from deploy.errors import UsageError
from deploy.lock.missing import missing_inputs
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.strategies import specs
from tests.tree import REPOSITORY

QUICKSTART = REPOSITORY / "inventories/quickstart"
PRINT = """
from pathlib import Path
from deploy.decide.desired import load_desired
for file in load_desired(Path("kit.yaml")).bundles["here"].placed():
    print(repr(file))
"""
ELSEWHERE = [
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"},
    {"PYTHONHASHSEED": "4711", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8"},
]


def test_two_folders_two_locales_and_two_hash_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    printed = []
    for number, environment in enumerate(ELSEWHERE):
        folder = tmp_path / f"number {number}"
        shutil.copytree(QUICKSTART, folder)
        done = subprocess.run(
            [sys.executable, "-c", PRINT],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", **environment},
            capture_output=True,
            check=True,
        )
        printed.append(done.stdout)
    assert printed[0]
    assert printed[0] == printed[1]


def services(bundle: Bundle) -> dict[str, Any]:
    """Return the blocks of the compose file."""
    document: dict[str, Any] = yaml.load(bundle.files[0].content, yaml.CSafeLoader)
    blocks: dict[str, Any] = document["services"]
    return blocks


NAMES = text("abcXYZ0189_-./", min_size=1, max_size=60)
VALUES = recursive(
    none() | booleans() | integers() | text() | sampled_from(("on", "~", "0x1", "1e3", "a: b", "- a", " a", "a\n b\n")),
    lambda inner: lists(inner, max_size=3) | dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(dictionaries(NAMES, VALUES, max_size=4))
def test_a_block_has_the_bytes_that_the_emitter_in_python_gives_it(block: dict[str, Any]) -> None:
    assert block_yaml(block) == yaml.safe_dump(block, sort_keys=False, width=10**6)


@pytest.mark.parametrize("value", ["plain", "on", "", None, 1])
def test_a_bare_scalar_ends_as_ever(value: object) -> None:
    assert block_yaml(value) == yaml.safe_dump(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_what_validates_renders_the_same_bytes_twice_and_is_yaml(spec: Spec) -> None:
    lock = lock_of(spec)
    assert missing_inputs(spec, lock) == []
    deployment = resolve(spec, lock)[HERE]
    bundle = render(deployment)
    assert bundle.placed() == render(resolve(spec, lock)[HERE]).placed()
    assert set(services(bundle)) == {service.name for service in deployment.services}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_every_container_is_locked_down_whatever_the_spec_says(spec: Spec) -> None:
    for block in services(render(resolve(spec, lock_of(spec))[HERE])).values():
        assert block["read_only"]
        assert block["cap_drop"] == ["ALL"]
        assert "cap_add" not in block
        assert block["security_opt"] == ["no-new-privileges:true"]
        assert not block["user"].startswith("0:")
        # What asks for no name of the world's does not wait for who would know it.
        assert ("dns_opt" in block) is ("outer" not in block["networks"])
        assert block["mem_limit"] > 0
        assert block["pids_limit"] > 0
        assert block["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
        assert {port["host_ip"] for port in block["ports"]}.isdisjoint({"", "0.0.0.0", "::"})
        assert not [volume for volume in block["volumes"] if "docker.sock" in volume["source"]]


def test_places_to_fetch_from_are_outside_every_digest(tmp_path: Path) -> None:
    shutil.copytree(QUICKSTART, tmp_path / "there")
    spec = tmp_path / "there" / "kit.yaml"
    before = load_desired(spec).on(HERE).bundle.release
    spec.write_text(
        spec.read_text()
        + "mirrors: {debian: 'http://debian.internal', pypi: 'http://pypi.internal/simple'}\n"
        + "proxy: http://proxy.internal:3128\nca: /etc/ssl/internal.pem\n"
    )
    assert load_desired(spec).on(HERE).bundle.release == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for %}", "templates/litellm/litellm.yaml.j2:1: "),
        ("{{ nothing_of_that_name }}", "litellm.yaml.j2:1: 'nothing_of_that_name' is undefined"),
        ("one: 1\ntwo: {{ 1 / 0 }}\n", "templates/litellm/litellm.yaml.j2:2: division by zero"),
        ("{% include 'elsewhere.j2' %}", "litellm.yaml.j2:1: 'elsewhere.j2' not found"),
    ],
)
def test_a_template_that_the_user_breaks_is_named_with_its_fault(tmp_path: Path, text: str, said: str) -> None:
    shutil.copytree(QUICKSTART, tmp_path / "there")
    override = tmp_path / "there" / "templates" / "litellm" / "litellm.yaml.j2"
    override.parent.mkdir(parents=True)
    override.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_desired(tmp_path / "there" / "kit.yaml")
    assert said in caught.value.problem
    assert "litellm.yaml.j2" in caught.value.problem
    assert caught.value.next_step


def overridden(folder: Path, name: str, text: str) -> Path:
    """The quickstart with a template of its user's own beside kit.yaml."""
    if not (folder / "kit.yaml").exists():
        shutil.copytree(QUICKSTART, folder, dirs_exist_ok=True)
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder / "kit.yaml"


def test_a_template_beside_kit_yaml_comes_before_the_kits_own_and_may_include_another(tmp_path: Path) -> None:
    own = (REPOSITORY / "templates/litellm/litellm.yaml.j2").read_text()
    overridden(tmp_path, "litellm/more.j2", "# and more of mine\n")
    spec = overridden(tmp_path, "litellm/litellm.yaml.j2", f"{own}{{% include 'litellm/more.j2' %}}\n")
    (tmp_path / "templates" / "README.md").write_text("mine")
    (file,) = (one for one in load_desired(spec).on(HERE).bundle.files if one.path.endswith("litellm.yaml"))
    assert "# and more of mine" in file.content


def test_a_template_of_a_component_that_this_spec_does_without_may_lie_there_with_what_it_includes(
    tmp_path: Path,
) -> None:
    overridden(tmp_path, "litellm/more.j2", "# mine\n")
    spec = overridden(tmp_path, "litellm/litellm.yaml.j2", "{% include 'litellm/more.j2' %}")
    wanted = yaml.safe_load(spec.read_text())
    parts = {key: value for key, value in wanted.items() if key not in ("gateway", "webui")}
    spec.write_text(yaml.safe_dump({**parts, "gateway": None, "webui": None}, sort_keys=False))
    assert [service.kind for service in load_desired(spec).on(HERE).deployment.services] == ["llama_cpp"]


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("litellm/litelm.yaml.j2", " (did you mean litellm/litellm.yaml.j2?)"),
        ("litellm.yaml.j2", " (did you mean litellm/litellm.yaml.j2?)"),
        ("mine.j2", ""),
    ],
)
def test_a_template_that_overrides_nothing_is_said_and_not_ignored(tmp_path: Path, name: str, guess: str) -> None:
    spec = overridden(tmp_path, name, "x")
    with pytest.raises(UsageError) as caught:
        load_desired(spec)
    assert caught.value.problem == f"{tmp_path}/templates/{name}: kit has no template {name}{guess}"
    assert "litellm/litellm.yaml.j2" in caught.value.next_step
