from __future__ import annotations

import json

import pytest

from deploy.cli.terminal.columns import report_table
from deploy.verify.plugin import FIGURES, _check
from deploy.verify.report import Check, Report

GOOD = Check("is running and healthy", "main", "passed", 0.04)
BAD = Check("publishes exactly the planned ports", "litellm", "failed", 1.26, "published ports: not planned: 0.0.0.0:1")
LEFT_OUT = Check("passes a chat message on", "litellm", "skipped", 0.0, "no engine serves a model")


def test_one_cause_of_many_checks_is_told_once() -> None:
    cause = "Docker does not answer"
    many = [Check(f"check {number}", service, "failed", 0.0, cause) for number in range(9) for service in ("main", "b")]
    few = [Check(name, "main", "failed", 0.0, "it is stopped") for name in ("answers", "lists models")]
    assert Report((*many, BAD, *few)).failures_text().splitlines() == [
        "18 checks of main and b: Docker does not answer",
        "litellm: publishes exactly the planned ports: published ports: not planned: 0.0.0.0:1",
        "main: answers; lists models: it is stopped",
    ]


def test_one_failure_makes_it_red_and_says_where() -> None:
    report = Report((GOOD, BAD))
    assert not report.passed
    expected = "litellm: publishes exactly the planned ports: published ports: not planned: 0.0.0.0:1"
    assert report.failures_text() == expected
    assert Report((GOOD, LEFT_OUT)).passed


def test_nothing_checked_is_not_green() -> None:
    assert not Report(()).passed
    assert Report(()).summary() == "nothing was checked"
    assert Report((GOOD, BAD, LEFT_OUT)).summary() == "1 passed, 1 failed, 1 skipped"


def test_it_travels_as_json() -> None:
    document = json.loads(json.dumps(Report((GOOD,)).as_json()))
    assert document["passed"] is True
    assert Check(**document["checks"][0]) == GOOD


def test_the_figures_of_a_passed_check_are_told_and_change_no_outcome() -> None:
    figures = "4.0 of 4.0 GiB (100 %) of tech lie on the card; predicted: all of it"
    report = Report((Check("computes on its card", "main", "passed", 0.1, figures), GOOD, LEFT_OUT))
    assert (report.passed, report.failures_text()) == (True, "")
    table = report_table(report)
    assert f"main: computes on its card: {figures}" in table
    assert "main: is running and healthy:" not in table


def test_a_check_that_passes_has_the_figures_that_it_told() -> None:
    def phase(when: str, **properties: str) -> pytest.TestReport:
        named = [("name", "computes on its card"), ("service", "main"), *properties.items()]
        return pytest.TestReport("x", ("x", 1, "x"), {}, "passed", None, when, user_properties=named)  # type: ignore[arg-type]

    told = _check(
        [phase("setup"), phase("call", **{FIGURES: "half of it"}), phase("teardown", **{FIGURES: "half of it"})]
    )
    assert (told.outcome, told.message) == ("passed", "half of it")
    assert _check([phase("setup"), phase("call"), phase("teardown")]).message == ""
