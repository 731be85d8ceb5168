"""Words of apply before it begins, and at its end."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import click
import pytest

from deploy.apply.prepared.prepare import Outcome, Prepared
from deploy.assets import inventories_dir
from deploy.cli.told.welcome import forecast, outcome_document, welcome
from deploy.decide.desired import Share, load_desired
from deploy.errors import typed
from deploy.plan import Plan
from deploy.plan.operation import Operation
from deploy.stack import HERE
from deploy.verify.report import Report
from tests.golden.plans_of import LOCK, PLANS
from tests.unit.cli.test_state import BARE, prepared


@pytest.fixture(scope="module")
def desired() -> Share:
    return load_desired(inventories_dir() / "quickstart/kit.yaml").on(HERE)


def test_a_first_apply_says_beforehand_what_it_costs(desired: Share) -> None:
    shown = click.unstyle(forecast(desired, prepared(desired, BARE)))
    last = shown.strip().splitlines()[-1]
    assert last.startswith("This downloads about 0.")
    assert " GiB of disk, and about " in last
    assert last.endswith(("minute.", "minutes."))


def test_what_only_goes_to_an_engine_elsewhere_takes_no_disk(desired: Share) -> None:
    sent = Operation("model poet", "create", "not made yet", "sync", "mac", download_bytes=3 << 30)
    for written, words in (
        ((), "3.0 GiB and takes"),
        ((("/srv/m", 1 << 30),), "3.0 GiB, takes about 1.0 GiB of disk, and"),
    ):
        plan = Plan(HERE, "quickstart", desired.bundle.release, (replace(sent, written=written),))
        shown = click.unstyle(forecast(desired, Prepared(plan, BARE)))
        assert f"\nThis downloads about {words} about 4 minutes.\n" in shown


def test_a_file_of_this_machine_is_copied_and_not_downloaded(desired: Share) -> None:
    (model,) = desired.deployment.models
    local = replace(model, source={"file": {"path": "mine.gguf"}}, size_bytes=3 << 30)
    deployment = replace(desired.deployment, models=(local,))
    fetch = Operation(f"model {model.name}", "fetch", "not on host", "models", "main")
    plan = Plan(HERE, "quickstart", desired.bundle.release, (fetch,))
    shown = click.unstyle(forecast(replace(desired, deployment=deployment), Prepared(plan, BARE)))
    assert "download" not in shown
    assert "This takes about 3.0 GiB of disk and about 1 minute.\n" in shown
    fetched = replace(local, source={"url": {"url": "https://example.org/mine.gguf"}})
    shown = click.unstyle(
        forecast(replace(desired, deployment=replace(deployment, models=(fetched,))), Prepared(plan, BARE))
    )
    assert "This downloads about 3.0 GiB" in shown


@pytest.mark.parametrize("webui", ["null", "{kind: open_webui}"])
def test_a_stack_without_a_gateway_ends_with_its_engines_address_and_key(webui: str, tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    shipped = (inventories_dir() / "quickstart/kit.yaml").read_text()
    without = re.sub(r"(?m)^webui:.*(\n .*)*", f"webui: {webui}", re.sub(r"(?m)^gateway:.*", "gateway: null", shipped))
    spec.write_text(without)
    shutil.copy(inventories_dir() / "quickstart/kit.lock", tmp_path)
    desired = load_desired(spec).on(HERE)
    outcome = Outcome(Plan(HERE, "quickstart", desired.bundle.release, ()), 1, Report(()))
    shown = welcome(desired.desired, {HERE: outcome})
    port = desired.deployment.service("main").ports[0].host_port
    assert f"Programs use http://127.0.0.1:{port}/v1 (main)." in shown
    assert f"  Key: kit secret show main_api_key {typed(spec)}\n" in shown
    assert f"kit clients {typed(spec)}" in shown
    assert ("sign in as" in shown) is (webui != "null")


def test_an_engine_that_other_machines_reach_is_told_with_its_key(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    shutil.copy(PLANS / "engine_published_on_the_lan/kit.yaml", spec)
    shutil.copy(LOCK, tmp_path / "kit.lock")
    desired = load_desired(spec)
    outcome = Outcome(Plan(HERE, "home", desired.on(HERE).bundle.release, ()), 1, Report(()))
    lines = welcome(desired, {HERE: outcome}).splitlines()
    assert "Programs use http://127.0.0.1:11434 (big)." in lines
    at = lines.index("Other machines use http://192.168.1.20:11434 (big).")
    assert lines[at + 1] == f"  Key: kit secret show edge_api_key {typed(spec)}"


def test_an_apply_with_nothing_to_do_says_so_and_nothing_else(desired: Share) -> None:
    empty = Plan(HERE, "quickstart", desired.bundle.release, ())
    assert forecast(desired, Prepared(empty, BARE)) == "nothing to change"
    assert welcome(desired.desired, {HERE: Outcome(empty)}) == ""
    assert outcome_document(desired.desired, {HERE: Outcome(empty)})["changed"] is False
