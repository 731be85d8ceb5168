"""Endings of `kit plan`: nothing to say, changes, or a refusal."""

from __future__ import annotations

import re
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.contract import AS_ROOT
from deploy.apply.prepared.prepare import Prepared
from deploy.assets import inventories_dir
from deploy.cli.verbs.plan import exit_code
from deploy.decide.desired import load_desired
from deploy.hosts.observation.observe import Observation
from deploy.plan import Plan, make_plan
from deploy.stack import HERE
from tests.unit.cli.conftest import Kit
from tests.unit.cli.test_state import BARE


def planned(observation: Observation) -> Prepared:
    desired = load_desired(inventories_dir() / "quickstart/kit.yaml").on(HERE)
    return Prepared(make_plan(desired.deployment, desired.bundle, observation), observation)


def codes(prepared: Prepared) -> tuple[int, int]:
    return exit_code(prepared, check=False), exit_code(prepared, check=True)


def with_refusals(*refusals: tuple[str, str]) -> Prepared:
    whole = planned(BARE)
    return replace(whole, plan=replace(whole.plan, refusals=refusals))


def test_changes_that_can_be_made_are_pending_for_who_checks() -> None:
    assert codes(with_refusals()) == (0, 3)


def test_a_host_as_wanted_has_nothing_pending() -> None:
    assert codes(Prepared(Plan(HERE, "home", "0" * 64, ()), BARE)) == (0, 0)


def test_what_apply_would_refuse_fails_as_apply_would() -> None:
    assert codes(with_refusals(("port 3000 of webui is taken by nginx", "stop it"))) == (1, 1)
    assert codes(with_refusals(("this needs root", AS_ROOT), ("no disk", "make room"))) == (1, 1)


def test_who_is_not_root_is_told_the_plan_all_the_same() -> None:
    able = replace(BARE, root=False)
    prepared = planned(able)
    assert AS_ROOT in [step for _, step in prepared.plan.refusals]
    others = tuple(each for each in prepared.plan.refusals if each[1] == AS_ROOT)
    assert codes(replace(prepared, plan=replace(prepared.plan, refusals=others))) == (0, 3)


def test_a_machine_that_may_not_be_looked_at_has_no_plan_to_go_by() -> None:
    denied = replace(BARE, root=False, docker=replace(BARE.docker, is_denied=True, problem="permission denied"))
    assert codes(planned(denied)) == (1, 1)


@pytest.mark.parametrize("options", [(), ("--json",), ("--check",), ("--check", "--json")])
def test_a_port_that_is_taken_is_seen_by_the_exit_code(options: tuple[str, ...], kit: Kit, tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    shutil.copy(inventories_dir() / "quickstart/kit.lock", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = (
            (inventories_dir() / "quickstart/kit.yaml").read_text().replace("stack: quickstart", "stack: nowhere-yet")
        )
        spec.write_text(text.replace("webui: {", f"webui: {{port: {port}, "))
        shown = kit("plan", *options, str(spec))
    assert shown.code == 1
    if "--json" in options:
        assert any(f"port {port}" in one["problem"] for one in shown.here["refusals"])
    else:
        assert f"refused: port {port} of " in shown.out


@pytest.mark.parametrize("options", [(), ("--json",), ("--check",)])
@pytest.mark.parametrize("reference", ["env:NOWHERE_SET", "file:nowhere.key"])
def test_a_key_that_apply_would_miss_is_told_beside_the_plan(
    options: tuple[str, ...], reference: str, kit: Kit, tmp_path: Path
) -> None:
    quickstart, spec = inventories_dir() / "quickstart", tmp_path / "kit.yaml"
    shutil.copy(quickstart / "kit.lock", tmp_path)
    text = (quickstart / "kit.yaml").read_text().replace("stack: quickstart", "stack: nowhere-yet")
    spec.write_text(text.replace("gateway: {", f'gateway: {{key: "{reference}", '))
    shown = kit("plan", *options, str(spec))
    assert shown.code == 2
    assert f"{spec}:" in shown.err
    assert "gateway.key: " in shown.err
    if "--json" in options:
        assert [one["path"] for one in shown.document["error"]["problems"]] == ["gateway.key"]
    else:
        assert re.search(r"^create +secret litellm_master_key ", shown.out, re.MULTILINE)
