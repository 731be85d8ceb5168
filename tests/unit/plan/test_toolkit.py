"""NVIDIA's container toolkit in a plan: installed, configured, or told to whom Docker belongs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.apply.phases.needed import steps_of
from deploy.apply.phases.phase import RoleStep
from deploy.apply.roles.toolkit import toolkit_variables
from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.deployment.cards import TOOLKIT_PACKAGES, Toolkit, ToolkitPackage
from deploy.deployment.host import Deployment
from deploy.hosts.observation.cards import Nvidia
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker
from deploy.lock.model import CardLock, CardsLock
from deploy.plan import Plan
from deploy.plan.devices import device_refusals
from deploy.plan.docker import SETTINGS, docker_refusals
from deploy.plan.toolkit import ToolkitWork, toolkit_advice, toolkit_operations, toolkit_refusals, toolkit_work
from deploy.spec.checks.placing import this_machine_needs_no_address
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.plan.test_nvidia import ADA, BARE, FINE, deployment

PINNED = Toolkit(
    "1.20.0-1",
    "a2V5",
    tuple(ToolkitPackage(name, f"{name}_1.20.0-1_amd64.deb", "0" * 64) for name in TOOLKIT_PACKAGES),
)
OWN = Docker(server=True, version="26.1.5", compose="2.26.1", kit_installed=True, live_restore=True)
FOREIGN = replace(OWN, kit_installed=False)
HAS_RUNTIME = {**SETTINGS, "runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}
INSTALLED = replace(FINE, packages=PINNED.versions)


def wanted(*, is_cdi: bool = False, manages: bool = False, toolkit: Toolkit | None = PINNED) -> Deployment:
    made = replace(deployment(), toolkit=toolkit, manages_docker=manages)
    if is_cdi:
        (service,) = made.services
        (request,) = service.device_requests
        names = replace(request, driver="cdi", device_ids=("nvidia.com/gpu=all",))
        made = replace(made, services=(replace(service, devices=(names,)),))
    return made


def host(docker: Docker = OWN, seen: Nvidia = INSTALLED, **facts: Any) -> Observation:
    return replace(BARE, docker=docker, cards=(ADA,), nvidia=seen, daemon_json=facts.pop("daemon_json", SETTINGS))


def told(made: Deployment, seen: Observation) -> list[tuple[str, str]]:
    return [(f"{each.action} {each.resource}", each.cause) for each in toolkit_operations(made, seen)]


def test_a_host_that_has_all_is_left_alone() -> None:
    assert told(wanted(), host(daemon_json=HAS_RUNTIME)) == []
    assert told(wanted(is_cdi=True), host(seen=replace(INSTALLED, cdi=["nvidia.com/gpu=all"]))) == []
    assert list(toolkit_refusals(wanted(), host())) == []


def test_a_docker_of_the_kits_gets_toolkit_and_runtime() -> None:
    assert told(wanted(), host(seen=replace(FINE, has_ctk=False))) == [
        ("install nvidia container toolkit", "not on host"),
        ("set docker runtime nvidia", "not in daemon.json; Docker restarts"),
    ]
    stopping = host(replace(OWN, live_restore=False))
    assert (
        told(wanted(), stopping)[0][1] == "not in daemon.json; Docker restarts, which stops its containers for a moment"
    )


def test_another_version_is_told_with_both() -> None:
    older = replace(INSTALLED, packages={**PINNED.versions, "libnvidia-container1": "1.19.1-1"})
    ((operation, cause),) = told(wanted(), host(seen=older, daemon_json=HAS_RUNTIME))
    assert (operation, cause) == (
        "install nvidia container toolkit",
        "1.19.1-1, 1.20.0-1 is there, kit.lock pins 1.20.0-1",
    )


@pytest.mark.parametrize(("systemd", "file"), [(True, "/var/run/cdi/nvidia.yaml"), (False, "/etc/cdi/nvidia.yaml")])
def test_names_that_cdi_lacks_are_made_and_docker_stays_as_it_is(systemd: bool, file: str) -> None:
    seen = replace(host(), systemd=systemd)
    assert told(wanted(is_cdi=True), seen) == [(f"create cdi names {file}", "not on host")]
    assert toolkit_work(wanted(is_cdi=True), seen) == ToolkitWork(cdi=file)


@pytest.mark.parametrize("seen", [replace(INSTALLED, packages={"nvidia-container-toolkit": "1.17.8-1"}), FINE])
def test_names_that_no_unit_makes_anew_at_a_boot_are_kept_over_it(seen: Nvidia) -> None:
    made = wanted(is_cdi=True, toolkit=None)
    assert toolkit_work(made, host(seen=seen)).cdi == "/etc/cdi/nvidia.yaml"


@pytest.mark.parametrize(("mode", "faults"), [("", 0), ("auto", 0), ("legacy", 0), ("cdi", 1), ("csv", 1)])
def test_a_mode_in_which_dockers_driver_gives_no_card_is_refused(mode: str, faults: int) -> None:
    for docker in (OWN, FOREIGN):
        told = list(toolkit_refusals(wanted(), host(docker, replace(INSTALLED, mode=mode))))
        assert len(told) == faults
        assert all("nvidia-container-runtime.mode=auto --in-place" in step for _, step in told)
    named = replace(INSTALLED, mode=mode, cdi=["nvidia.com/gpu=all"])
    assert list(toolkit_refusals(wanted(is_cdi=True), host(seen=named))) == []


def test_names_that_were_made_for_another_driver_are_made_anew() -> None:
    there = replace(INSTALLED, cdi=["nvidia.com/gpu=all"], cdi_driver="570.86.15")
    assert told(wanted(is_cdi=True), host(seen=there)) == []
    stale = replace(there, cdi_driver="550.144.03")
    cause = "made for driver 550.144.03, and 570.86.15 is loaded"
    assert told(wanted(is_cdi=True), host(seen=stale)) == [("create cdi names /var/run/cdi/nvidia.yaml", cause)]
    assert told(wanted(), host(seen=stale, daemon_json=HAS_RUNTIME)) == []
    ((problem, step),) = toolkit_refusals(wanted(is_cdi=True), host(FOREIGN, stale))
    assert problem == f"CDI's names of the cards on this machine are {cause}, and its Docker is not the kit's own"
    assert "nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml" in step


def test_a_docker_of_somebody_elses_is_not_changed_and_told_what_to_do() -> None:
    bare = host(FOREIGN, replace(FINE, has_ctk=False))
    assert told(wanted(), bare) == []
    ((problem, step),) = toolkit_refusals(wanted(), bare)
    assert (
        problem == "main needs NVIDIA's container toolkit, this machine has none, and its Docker is not the kit's own"
    )
    assert "`hosts: {here: {manage: true}}`" in step
    (line,) = toolkit_advice(wanted(), host(FOREIGN, INSTALLED))
    assert "nvidia-ctk runtime configure --runtime=docker" in line
    ((problem, step),) = toolkit_refusals(wanted(is_cdi=True), host(FOREIGN, INSTALLED))
    assert "nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml" in step


def test_a_docker_that_was_handed_over_is_changed_and_the_plan_says_so() -> None:
    bare = host(FOREIGN, replace(FINE, has_ctk=False))
    assert len(told(wanted(manages=True), bare)) == 2
    assert list(toolkit_refusals(wanted(manages=True), bare)) == []
    (line,) = toolkit_advice(wanted(manages=True), bare)
    assert "`manage: true`" in line


@pytest.mark.parametrize("docker", [OWN, FOREIGN])
@pytest.mark.parametrize("runtimes", [None, [], "nvidia"])
def test_settings_that_take_no_runtime_are_refused_and_told_once(docker: Docker, runtimes: Any) -> None:
    made = wanted(manages=True)
    odd = host(docker, daemon_json={**SETTINGS, "runtimes": runtimes})
    ((problem, _),) = toolkit_refusals(made, odd)
    assert problem == "/etc/docker/daemon.json, `runtimes` is no mapping, `{...}`"
    broken = host(replace(docker, daemon_json_problem="line 2, column 1: Expecting value"), daemon_json=None)
    refusals = [*docker_refusals(made, broken), *toolkit_refusals(made, broken)]
    assert [problem for problem, _ in refusals] == ["/etc/docker/daemon.json, line 2, column 1: Expecting value"]
    # With CDI's names nothing is added to the file.
    assert list(toolkit_refusals(wanted(is_cdi=True, manages=True), odd)) == []
    others = {**SETTINGS, "runtimes": {"runsc": {"path": "runsc"}}}
    assert list(toolkit_refusals(made, host(docker, daemon_json=others))) == []


@pytest.mark.parametrize(
    ("features", "faults"), [({"cdi": False}, 1), ({"cdi": True}, 0), ({"buildkit": True}, 0), ({}, 0), (None, 0)]
)
def test_a_docker_that_has_cdi_turned_off_is_refused_for_its_names(features: Any, faults: int) -> None:
    seen = host(replace(OWN, version="28.2.2"), daemon_json={**SETTINGS, "features": features})
    told = list(device_refusals(wanted(is_cdi=True), seen))
    assert [problem for problem, _ in told] == [
        "main gets its cards by CDI's names, and /etc/docker/daemon.json has them off (`cdi: false`)"
    ] * faults
    assert all(step == "take `cdi` out of its `features` and restart Docker" for _, step in told)
    assert not any("cdi" in problem.lower() for problem, _ in device_refusals(wanted(), seen))


def test_a_toolkit_that_no_lock_pins_is_left_or_asked_for() -> None:
    assert told(wanted(toolkit=None), host(daemon_json=HAS_RUNTIME)) == []
    ((problem, step),) = toolkit_refusals(wanted(toolkit=None), host(seen=replace(FINE, has_ctk=False)))
    assert "kit.lock pins none" in problem
    assert "lock --upgrade gpu" in step


def test_a_host_without_such_an_engine_gets_nothing() -> None:
    made = replace(deployment("none"), toolkit=PINNED)
    assert told(made, host(seen=replace(FINE, has_ctk=False))) == []
    assert list(toolkit_refusals(made, host(FOREIGN, replace(FINE, has_ctk=False)))) == []


def test_the_plans_operation_runs_the_role_with_the_pinned_packages() -> None:
    made, seen = wanted(), host(seen=replace(FINE, has_ctk=False))
    plan = Plan("here", "home", "r", tuple(toolkit_operations(made, seen)))
    assert steps_of(made, seen, plan) == {RoleStep("gpu_toolkit")}
    variables = toolkit_variables(made, seen)
    assert variables["gpu_toolkit_packages"] == [f"{name}=1.20.0-1" for name in TOOLKIT_PACKAGES]
    assert variables["gpu_toolkit_sums"][0] == f"{'0' * 64}  {TOOLKIT_PACKAGES[0]}_1.20.0-1_amd64.deb"
    assert variables["gpu_toolkit_configures"]


def test_neither_the_toolkit_nor_the_right_to_change_docker_is_part_of_a_release() -> None:
    assert render(wanted(manages=True)).release == render(wanted(toolkit=None)).release


def test_entries_of_cards_are_given_to_rooms_as_they_are_locked() -> None:
    entry = CardsLock(vendor="nvidia", form="cdi", cards=(CardLock(uuid="", node="/dev/nvidia0"),))
    assert entry.given.is_cdi
    assert entry.given.chosen(["0"])[0].node == "/dev/nvidia0"


def test_this_machine_is_handed_over_by_its_own_name() -> None:
    data = {"kit": 1, "stack": "home", "backup": None, "hosts": {"here": {"manage": True}}}
    spec = Spec.model_validate_json(json.dumps(data))
    assert list(this_machine_needs_no_address(spec)) == []
    assert resolve(spec, lock_of(spec))[HERE].manages_docker
