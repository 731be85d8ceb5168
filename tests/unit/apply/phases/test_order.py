"""Hosts come behind those whose offers they use."""

from __future__ import annotations

from deploy.apply.phases.order import dependents_of, waves_of
from deploy.apply.phases.phase import VerbStep, phases_of

NEEDS = {"page": {"gate"}, "gate": {"left", "right"}, "left": set[str](), "right": set[str](), "alone": set[str]()}


def test_engines_come_before_the_gateway_and_that_before_the_page() -> None:
    assert waves_of(("alone", "gate", "left", "page", "right"), NEEDS) == (
        ("alone", "left", "right"),
        ("gate",),
        ("page",),
    )


def test_a_host_without_work_keeps_the_order_of_those_around_it() -> None:
    assert waves_of(("page", "left"), NEEDS) == (("left",), ("page",))


def test_hosts_that_need_one_another_are_one_group() -> None:
    needs = {"box": {"here"}, "here": {"box"}, "attic": {"box"}}
    assert waves_of(("attic", "box", "here"), needs) == (("box", "here"), ("attic",))


def test_the_dependents_of_a_host_are_those_behind_it() -> None:
    assert dependents_of(("left",), tuple(NEEDS), NEEDS) == ("page", "gate")
    assert dependents_of(("page",), tuple(NEEDS), NEEDS) == ()


def test_the_release_is_started_wave_by_wave_and_nothing_else_is() -> None:
    needed = {host: {VerbStep("place"), VerbStep("converge"), VerbStep("collect")} for host in ("gate", "left")}
    assert [(phase.name, tuple(phase.steps)) for phase in phases_of(needed, NEEDS)] == [
        ("place", ("gate", "left")),
        ("converge", ("left",)),
        ("converge", ("gate",)),
        ("collect", ("gate", "left")),
    ]
