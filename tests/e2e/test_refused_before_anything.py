"""Bad input is a clear error before anything is touched."""

from __future__ import annotations

import os
import re
import socket

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


def test_a_taken_port_is_told_with_the_process_that_has_it(stack: Stack) -> None:
    before = stack.containers()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def take_it(spec: Document) -> None:
            spec["gateway"]["port"] = port

        with stack.place.changed(take_it):
            problem = stack.apply(code=1).document["error"]["problem"]

    assert str(port) in problem
    assert "litellm" in problem
    assert f"pid {os.getpid()}" in problem
    assert stack.containers() == before


def test_a_template_that_a_user_broke_is_named_with_its_line(stack: Stack) -> None:
    before = stack.containers()
    with stack.place.overridden("litellm/litellm.yaml.j2", "model_list:\n{% for model in models %}\n"):
        said = stack.apply(code=2).document["error"]["problem"]

    assert re.search(r"templates/litellm/litellm\.yaml\.j2:\d+: ", said)
    assert stack.containers() == before


def test_a_wrong_hash_in_the_lock_is_told_with_the_package_and_both_hashes(stack: Stack) -> None:
    before, files = stack.containers(), stack.files()
    wrong, right = "0" * 64, []

    def mistake(lock: Document) -> None:
        wheel = next(one for one in lock["images"]["litellm"]["wheels"] if one["name"] == "certifi")
        right.append(wheel["sha256"])
        wheel["sha256"] = wrong

    with stack.place.changed_lock(mistake):
        problem = stack.apply(code=1).document["error"]["problem"]

    assert "certifi" in problem
    assert wrong in problem
    assert right[0] in problem
    assert stack.containers() == before
    assert stack.files() == files


def test_every_problem_of_a_file_is_told_at_once(stack: Stack) -> None:
    before = stack.containers()

    def two_faults(spec: Document) -> None:
        spec["gateway"]["port"] = 70000
        spec["models"][0]["engine"] = "mian"

    with stack.place.changed(two_faults):
        problems = stack.apply(code=2).document["error"]["problems"]

    told = {problem["path"]: problem["message"] for problem in problems}
    assert "70000" in told["gateway.port"]
    assert "did you mean main" in told["models[0].engine"]
    assert stack.containers() == before
