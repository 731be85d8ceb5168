"""Secrets that are kept elsewhere: read here, handed over once, missed only where the host lacks them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import RoleStep, VerbStep, phases_of
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.prepared.references import ensure_given, given_values
from deploy.apply.roles.variables import variables_of
from deploy.decide.desired import Share, load_desired
from deploy.errors import SpecError
from deploy.hosts.observation.asked import probe_request
from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from deploy.stack import HERE
from tests.golden.hosts import Answer, bare, settled
from tests.golden.plans_of import LOCK, PLANS
from tests.unit.asked import member_of, request_of

VALUE = "sk-from-somewhere-else"


@pytest.fixture
def wanted(tmp_path: Path) -> Share:
    return desired(tmp_path, "env:LM_KEY")


def desired(folder: Path, reference: str) -> Share:
    text = (PLANS / "two_engines_of_one_model" / "kit.yaml").read_text()
    (folder / "kit.yaml").write_text(text.replace("env:LM_KEY", reference))
    shutil.copy(LOCK, folder / "kit.lock")
    return load_desired(folder / "kit.yaml").on(HERE)


def complaint(wanted: Share, answer: Answer) -> str:
    with pytest.raises(SpecError) as caught:
        ensure_given(wanted, read_observation(answer))
    assert caught.value.exit_code == 2
    return str(caught.value.problem)


def test_a_variable_that_is_not_set_is_missed_in_its_place_where_the_host_lacks_it(
    wanted: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LM_KEY", raising=False)
    said = complaint(wanted, bare(wanted))
    assert ":6:" in said
    assert "engines[1].key: the variable LM_KEY is not set here; type `export LM_KEY=...`" in said
    ensure_given(wanted, read_observation(settled(wanted)))
    monkeypatch.setenv("LM_KEY", VALUE)
    ensure_given(wanted, read_observation(bare(wanted)))


def test_a_file_begins_at_kit_yaml_and_holds_one_line(tmp_path: Path) -> None:
    wanted = desired(tmp_path, "file:lm.key")
    assert f"{tmp_path / 'lm.key'} cannot be read: No such file or directory" in complaint(wanted, bare(wanted))
    (tmp_path / "lm.key").write_text("\n")
    assert "is empty; write the key into it" in complaint(wanted, bare(wanted))
    (tmp_path / "lm.key").write_text("one\ntwo\n")
    assert "holds what is no key" in complaint(wanted, bare(wanted))
    (tmp_path / "lm.key").write_text(f"{VALUE}\n")
    assert given_values(wanted) == {"lm_api_key": VALUE}


@pytest.mark.parametrize("reference", ["env:LM_KEY", "file:lm.key"])
def test_a_value_that_is_too_short_to_be_a_key_is_refused_whatever_the_host_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    wanted = desired(tmp_path, reference)
    monkeypatch.setenv("LM_KEY", "changed")
    (tmp_path / "lm.key").write_text("changed\n")
    for answer in (bare(wanted), settled(wanted)):
        said = complaint(wanted, answer)
        assert f"engines[1].key: {reference} holds 7 characters, and a key has 8 or more; give the engine" in said
        assert "changed" not in said
    assert given_values(wanted) == {}
    monkeypatch.setenv("LM_KEY", VALUE[:8])
    (tmp_path / "lm.key").write_text(VALUE[:8])
    ensure_given(wanted, read_observation(bare(wanted)))


def test_a_value_travels_to_the_agent_alone(wanted: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LM_KEY", VALUE)
    given = given_values(wanted)
    assert VALUE not in repr(given)
    # The plan asks an engine whose key no apply has brought to the host yet.
    keys = [engine["key"] for engine in probe_request(wanted.deployment, given)["engines"]]
    assert all("value" in key for key in keys if key)
    assert {"name": "lm_api_key", "owner": "lm", "value": VALUE} in probe_request(wanted.deployment, given)["given"]
    observation = read_observation(bare(wanted))
    plan = make_plan(wanted.deployment, wanted.bundle, observation)
    prepared = Prepared(plan, observation, given)
    secrets, *others = phases_of({HERE: steps_of(wanted.deployment, observation, plan, full=True)})
    assert (secrets.name, secrets.executor) == ("secrets", "streams")
    steps = [step for phase in others for step in phase.steps[HERE]]
    requests = [request_of(step, wanted, prepared) for step in steps if isinstance(step, VerbStep)]
    roles = [step for step in steps if isinstance(step, RoleStep)]
    variables = [variables_of(step, member_of(wanted, prepared)) for step in roles]
    assert (len(requests) > 4, len(variables) > 1) == (True, True)
    assert VALUE not in str(requests) + str(variables) + plan.text() + str(wanted.bundle.files)
    assert secrets.steps[HERE] == (VerbStep("secrets"),)
    asked = request_of(VerbStep("secrets"), wanted, prepared)
    (sent,) = (one for one in asked["secrets"] if one["value"] is not None)
    assert (sent["owner"], [reader["service"] for reader in sent["readers"]]) == ("lm", ["litellm"])


def test_the_gateways_own_key_is_told_at_its_place_and_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PLANS / "gateway_key_kept_elsewhere_replaced" / "kit.yaml").read_text()
    (tmp_path / "kit.yaml").write_text(text.replace("env:GATEWAY_KEY", "env:LM_KEY"))
    shutil.copy(LOCK, tmp_path / "kit.lock")
    wanted = load_desired(tmp_path / "kit.yaml").on(HERE)
    monkeypatch.setenv("LM_KEY", "short")
    said = complaint(wanted, bare(wanted))
    assert "gateway.key: env:LM_KEY holds 5 characters, and a key has 8 or more; choose a longer one" in said
    assert "engines[1].key: env:LM_KEY holds 5 characters" in said
    assert "short" not in said
    # LiteLLM takes any key for its own, also one without `sk-`.
    monkeypatch.setenv("LM_KEY", "my-own-key-0123456")
    ensure_given(wanted, read_observation(bare(wanted)))
    assert given_values(wanted) == dict.fromkeys(("lm_api_key", "litellm_master_key"), "my-own-key-0123456")
