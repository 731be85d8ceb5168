from __future__ import annotations

import json

from deploy.verify.report import Check, Report

GOOD = Check("is running and healthy", "main", "passed", 0.04)
BAD = Check("publishes exactly the planned ports", "litellm", "failed", 1.26, "published ports: not planned: 0.0.0.0:1")
LEFT_OUT = Check("passes a chat message on", "litellm", "skipped", 0.0, "no engine serves a model")


def test_a_report_is_a_table_with_a_sum() -> None:
    assert Report((GOOD, BAD, LEFT_OUT)).text() == (
        "main     is running and healthy               passed     0.0 s\n"
        "litellm  publishes exactly the planned ports  failed     1.3 s  published ports: not planned: 0.0.0.0:1\n"
        "litellm  passes a chat message on             skipped    0.0 s  no engine serves a model\n"
        "1 passed, 1 failed, 1 skipped\n"
    )


def test_one_failure_makes_it_red_and_says_where() -> None:
    report = Report((GOOD, BAD))
    assert not report.passed
    expected = "litellm: publishes exactly the planned ports: published ports: not planned: 0.0.0.0:1"
    assert report.failures_text() == expected
    assert Report((GOOD, LEFT_OUT)).passed


def test_nothing_checked_is_not_green() -> None:
    assert not Report(()).passed
    assert Report(()).text() == "nothing was checked\n"


def test_it_travels_as_json() -> None:
    document = json.loads(json.dumps(Report((GOOD,)).as_json()))
    assert document["format"] == 1
    assert document["passed"] is True
    assert Check(**document["checks"][0]) == GOOD
