"""A choice of --data is carried out if possible, and else refused with the lines to type."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from deploy.apply.phases.phase import VerbStep
from deploy.apply.prepared.prepare import Prepared
from deploy.decide.desired import Share
from deploy.deployment.data_choices import Choice, Choices
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.plan import Plan, make_plan
from deploy.plan.place_questions import questions_of
from deploy.plan.places import place_refusals
from tests.golden.hosts import bare, merged, settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.asked import request_of


def moved_bridge(tmp_path: Path, case: str = "bridge_moved") -> tuple[Share, Observation]:
    change = yaml.safe_load((PLANS / case / "observed.yaml").read_text())
    wanted = desired_of(PLANS / case / "kit.yaml", tmp_path)
    before = PLANS / case / "before.yaml"
    answer = settled(desired_of(before, tmp_path) if before.exists() else wanted)
    answer["folders"] = {**bare(wanted)["folders"], **answer["folders"]}
    return wanted, read_observation(merged(answer, change))


def planned(tmp_path: Path, choices: Choices, case: str = "bridge_moved") -> Plan:
    wanted, observation = moved_bridge(tmp_path, case)
    return make_plan(wanted.deployment, wanted.bundle, observation, choices)


def test_nothing_is_done_before_the_question_is_answered(tmp_path: Path) -> None:
    plan = planned(tmp_path, {})
    ((problem, next_step),) = plan.refusals
    assert "2 chats and 2 accounts stay in /srv/kit/home/open_webui/data" in problem
    assert "`kit apply --data move` takes it along" in next_step
    assert "`kit apply --data fresh` begins empty" in next_step
    (question,) = plan.as_json()["questions"]
    assert question["choices"] == ["move", "fresh"]
    assert (question["service"], question["now"]) == ("open_webui", "/srv/chats/data")


def test_an_answer_becomes_an_operation_and_the_agents_request(tmp_path: Path) -> None:
    wanted, observation = moved_bridge(tmp_path)
    plan = make_plan(wanted.deployment, wanted.bundle, observation, {"open_webui": "move"})
    assert plan.refusals == ()
    assert plan.as_json()["questions"] == []
    (operation,) = [one for one in plan.operations if one.action == "move"]
    assert operation.resource == "data of open_webui"
    assert operation.written == (("/srv/chats/data", 1048576),)
    converge = request_of(VerbStep("converge"), wanted, Prepared(plan, observation))
    place = converge["services"]["open_webui"]["place"]
    assert (place["from"], place["path"]) == ("/srv/kit/home/open_webui/data", "/srv/chats/data")
    assert (place["choice"], place["uid"], place["gid"]) == ("move", 1000, 1000)
    assert place["databases"][0] == "webui.db"


def test_data_of_another_name_comes_with_the_secrets_of_its_service_and_no_others(tmp_path: Path) -> None:
    wanted = desired_of(PLANS / "stack_renamed" / "kit.yaml", tmp_path)
    change = yaml.safe_load((PLANS / "stack_renamed" / "observed.yaml").read_text())
    del change["host"]
    observation = read_observation(merged(bare(wanted), change))
    answers: tuple[tuple[Choice, str], ...] = (("move", "home"), ("fresh", ""))
    for choice, stack in answers:
        plan = make_plan(wanted.deployment, wanted.bundle, observation, {"open_webui": choice})
        assert plan.refusals == ()
        prepared = Prepared(plan, observation)
        asked = request_of(VerbStep("secrets"), wanted, prepared)
        secrets = {one["name"]: one["stack"] for one in asked["secrets"]}
        assert {name for name, of in secrets.items() if of} == (
            {"kit_admin_password", "webui_admin_password", "webui_secret_key"} if stack else set()
        )
        assert set(secrets.values()) <= {stack, ""}
        place = request_of(VerbStep("converge"), wanted, prepared)["services"]["open_webui"]["place"]
        assert (place["stack"], place["takes_over"]) == ("home", bool(stack))


def test_an_answer_that_is_not_possible_is_refused_and_says_what_is(tmp_path: Path) -> None:
    ((problem, next_step),) = planned(tmp_path, {"": "move"}, "data_gone").refusals
    assert problem.endswith("`--data move` is not possible here")
    assert "`kit apply --data fresh` begins empty" in next_step


def test_data_that_begins_empty_in_its_own_folder_gets_a_new_container(tmp_path: Path) -> None:
    plan = planned(tmp_path, {"": "fresh"}, "data_gone")
    assert plan.refusals == ()
    (service,) = [one for one in plan.operations if one.resource == "service open_webui"]
    assert (service.action, service.cause) == ("recreate", "its data in /srv/kit/home/open_webui/data begins empty")


def test_of_several_places_each_line_names_its_service(tmp_path: Path) -> None:
    wanted, observation = moved_bridge(tmp_path)
    (question,) = questions_of(wanted.deployment, observation)
    other = replace(question, place=replace(question.place, service="main"))
    refused = dict(place_refusals((question, other), {"main": "fresh"}))
    ((problem, next_step),) = refused.items()
    assert problem == question.problem
    assert "`kit apply --data open_webui=move` takes it along" in next_step
