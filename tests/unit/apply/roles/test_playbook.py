"""A plan becomes phases: the steps that it needs and no others, with the agent's requests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import VerbStep, phases_of
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.roles.folders import folders_of
from deploy.decide.desired import Share, load_desired
from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from deploy.stack import HERE
from tests.golden.hosts import Answer, bare, merged, settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.asked import request_of

FILE_MODEL = 'models: [{name: gemma, engine: main, from: {file: models/mine.gguf, sha256: "' + "a" * 64 + '"}}]'
SETTLING = ["secrets: secrets", "place: place", "converge: converge", "settings: room open_webui", "collect: collect"]


def steps(wanted: Share, answer: Answer, *, full: bool = False) -> list[str]:
    """Return the steps of an apply, each behind its phase."""
    prepared = seen(wanted, answer)
    needed = steps_of(wanted.deployment, prepared.observation, prepared.plan, full=full)
    return [f"{phase.name}: {step}" for phase in phases_of({HERE: needed}) for step in phase.steps[HERE]]


def seen(wanted: Share, answer: Answer) -> Prepared:
    observation = read_observation(answer)
    return Prepared(make_plan(wanted.deployment, wanted.bundle, observation), observation)


def asked(name: str, wanted: Share, answer: Answer) -> dict[str, Any]:
    return request_of(VerbStep(name), wanted, seen(wanted, answer))


def actions_of(wanted: Share, answer: Answer) -> dict[str, str]:
    return {name: one["action"] for name, one in asked("converge", wanted, answer)["services"].items()}


@pytest.fixture
def quickstart(tmp_path: Path) -> Share:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path)


def test_a_bare_host_gets_every_step_in_the_order_in_which_things_need_each_other(quickstart: Share) -> None:
    assert steps(quickstart, bare(quickstart)) == [
        "secrets: secrets",
        "os: docker_engine",
        "os: docker",
        "os: folders",
        "images: images",
        "images: image",
        "models: models",
        "place: place",
        "converge: converge",
        "settings: room open_webui",
        "collect: collect",
    ]


def test_a_missing_model_file_is_fetched_before_its_engine_opens_it_anew(quickstart: Share) -> None:
    answer = merged(settled(quickstart), {"models": {quickstart.deployment.models[0].host_path: None}})
    assert steps(quickstart, answer) == [SETTLING[0], "models: models", *SETTLING[1:]]
    assert actions_of(quickstart, answer) == {"main": "recreate", "litellm": "keep", "open_webui": "keep"}


def test_drifted_settings_start_nothing_but_the_settings(quickstart: Share) -> None:
    drift = {"settings": {"open_webui": {"drift": [{"name": "ui.enable_signup", "cause": "is true"}]}}}
    assert steps(quickstart, merged(settled(quickstart), drift)) == ["settings: room open_webui"]


def test_a_container_that_is_gone_needs_neither_images_nor_folders(quickstart: Share) -> None:
    answer = merged(settled(quickstart), {"services": {"litellm": None}})
    assert steps(quickstart, answer) == SETTLING
    assert actions_of(quickstart, answer) == {"main": "keep", "litellm": "create", "open_webui": "keep"}


def test_a_release_that_nobody_proved_is_waited_for_again(quickstart: Share) -> None:
    assert steps(quickstart, settled(quickstart) | {"good": None}) == SETTLING


def test_a_forced_run_has_every_step_but_the_engine_of_somebody_else(quickstart: Share) -> None:
    foreign = merged(settled(quickstart), {"docker": {"kit_installed": False}})
    own, others = (set(steps(quickstart, answer, full=True)) for answer in (settled(quickstart), foreign))
    assert own - others == {"os: docker_engine", "os: docker"}
    assert set(actions_of(quickstart, settled(quickstart)).values()) == {"keep"}


def test_a_service_that_is_no_longer_declared_is_removed_and_its_data_named_nowhere(tmp_path: Path) -> None:
    before = desired_of(PLANS / "webui_taken_out" / "before.yaml", tmp_path)
    answer = settled(before)
    wanted = desired_of(PLANS / "webui_taken_out" / "kit.yaml", tmp_path)
    assert asked("converge", wanted, answer)["services"]["open_webui"] == {"action": "remove"}
    names = ("secrets", "image", "models", "place", "converge", "collect")
    assert "/srv/kit/home/open_webui" not in json.dumps([asked(name, wanted, answer) for name in names])


def test_user_data_goes_along_with_every_convergence_for_the_agent_to_copy(quickstart: Share) -> None:
    services = asked("converge", quickstart, settled(quickstart) | {"good": None})["services"]
    assert {name for name, one in services.items() if one["copy"]} == {"open_webui"}
    assert services["open_webui"]["copy"]["host_path"] == "/srv/kit/home/open_webui/data"
    assert {"sqlite": "webui.db"} in services["open_webui"]["copy"]["items"]


def test_no_request_holds_a_value_of_a_secret(quickstart: Share) -> None:
    secrets = asked("secrets", quickstart, bare(quickstart))["secrets"]
    assert {secret["name"] for secret in secrets} == {secret.name for secret in quickstart.deployment.secrets}
    assert {secret["value"] for secret in secrets} == {None}


def test_a_model_file_of_the_control_node_comes_behind_what_unpacks_other_models(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    shutil.copytree(PLANS / "settled", folder)
    spec, lock = folder / "kit.yaml", folder / "kit.lock"
    text = spec.read_text()
    spec.write_text(text.replace(text[text.index("models:") : text.index("\ngateway")], FILE_MODEL))
    locked = (PLANS / "kit.lock").read_text().split("models:\n")[0]
    lock.write_text(
        f"{locked}models:\n  main/gemma:\n    source: file\n    sha256: {'a' * 64}\n    size: 7\n"
        "    file: models/mine.gguf\n    gguf: {architecture: llama, context_length: 4096, has_chat_template: true}\n"
    )
    wanted = load_desired(spec).on(HERE)
    (model,) = asked("models", wanted, bare(wanted))["models"]
    assert model["source"] == {"file": {"name": "mine.gguf"}}
    order = steps(wanted, bare(wanted))
    assert order.index("images: image") < order.index("models: models") < order.index("place: place")


def test_the_folders_above_those_of_several_services_belong_to_none_of_them(quickstart: Share) -> None:
    above, own, *others = folders_of(quickstart.deployment)
    assert [above["path"], own["path"]] == ["/srv/kit", f"/srv/kit/{quickstart.deployment.stack}"]
    assert all((one["uid"], one["gid"], one["mode"]) == (0, 0, "0755") for one in (above, own))
    assert {one["uid"] for one in others} == {
        service.owner.uid for service in quickstart.deployment.services if service.folders
    }


def test_a_folder_that_changes_hands_keeps_its_owner_until_its_service_is_stopped(tmp_path: Path) -> None:
    case = PLANS / "user_changed"
    answer = settled(desired_of(case / "before.yaml", tmp_path))
    path = "/srv/kit/home/open_webui/data"
    answer["owners"] = {path: "10103:10103", "/srv/kit/home/open_webui": "10103:10103"}
    wanted = desired_of(case / "kit.yaml", tmp_path)
    prepared = seen(wanted, answer)
    (folder,) = [one for one in folders_of(wanted.deployment, prepared.plan.owners) if one["path"] == path]
    assert (folder["uid"], folder["gid"]) == (10103, 10103)
    owners = request_of(VerbStep("converge"), wanted, prepared)["services"]["open_webui"]["owners"]
    assert {"path": path, "uid": 1000, "gid": 1000, "from_uid": 10103, "from_gid": 10103} in owners
