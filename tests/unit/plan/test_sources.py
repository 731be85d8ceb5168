"""A file that kit.yaml names and that is gone, or is another one, is refused in the plan and not half way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.agent.journal import Journal
from deploy.agent.observing import probe
from deploy.apply.prepared.files import measured
from deploy.apply.prepared.prepare import Prepared, prepare
from deploy.decide.desired import Share
from deploy.deployment.host import Deployment
from deploy.plan import make_plan
from deploy.plan.models import model_operations
from deploy.plan.sources import Files, source_refusals
from tests.contract.toys import toy
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.plan.test_models import Host, file_of, host
from tests.unit.refusing import Refusing

__all__ = ["host"]


def refused(host: Host, deployment: Deployment) -> list[str]:
    seen, files = host.seen(deployment), measured(deployment, host.folder)
    found = source_refusals(deployment, seen, tuple(model_operations(deployment, seen)), files)
    return [f"{problem}; {step}" for problem, step in found]


def test_a_file_that_an_engine_has_still_to_get_must_be_there_with_its_size(host: Host) -> None:
    source = file_of(host, toy(False))
    deployment = host.deployment({"name": "toy", "from": source}, {"name": "two", "from": source})
    size = (host.folder / "own.gguf").stat().st_size
    assert refused(host, deployment) == []
    (host.folder / "own.gguf").write_bytes(b"GGUF")
    (line,) = refused(host, deployment)
    assert line.startswith(f"model toy: own.gguf has 4 bytes, but kit.lock says {size}; restore the locked file")
    (host.folder / "own.gguf").unlink()
    (line,) = refused(host, deployment)
    assert line.startswith("model toy: own.gguf is missing; restore it")
    (host.folder / "own.gguf").mkdir()
    assert refused(host, deployment) == [line]


def test_a_file_that_the_engine_has_is_not_missed(host: Host) -> None:
    source = file_of(host, toy(False))
    host.sync(host.deployment({"name": "toy", "from": source}))
    (host.folder / "own.gguf").rename(host.folder / "elsewhere.gguf")
    changed = host.deployment
    # The lock is made from the file, which is put back for that alone.
    (host.folder / "own.gguf").write_bytes(toy(False))
    deployment = changed({"name": "toy", "from": source, "top_k": 5})
    (host.folder / "own.gguf").unlink()
    assert host.plan(deployment) == [("model toy", "create", "top_k added")]
    assert refused(host, deployment) == []
    host.double.store.blob(f"sha256:{source['sha256']}").unlink()
    assert len(refused(host, deployment)) == 1


def test_a_file_that_is_opened_must_be_there_until_it_is_in_its_place(tmp_path: Path, host: Host) -> None:
    wanted = desired_of(PLANS / "fresh_machine" / "kit.yaml", tmp_path)
    (model,) = wanted.deployment.models
    from_file = replace(model, source={"file": {"path": "own.gguf"}})
    deployment = replace(wanted.deployment, models=(from_file,))
    seen, gone = host.seen(replace(deployment, engines=())), Files({"own.gguf": None})
    problems = [problem for problem, _ in make_plan(deployment, wanted.bundle, seen, files=gone).refusals]
    assert f"model {model.name}: own.gguf is missing" in problems
    there = Files({"own.gguf": model.size_bytes})
    plan = make_plan(deployment, wanted.bundle, seen, files=there)
    assert not any("own.gguf" in problem for problem, _ in plan.refusals)


class Played(Refusing):
    """A transport that leads to the agent's own modules."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self._journal = Journal(str(folder / "root"), "run-1")

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append(verb)
        run: Callable[[Any, Journal], Any] = probe.run
        return cast("Answer", run(request, self._journal))


@pytest.fixture
def desired(tmp_path: Path) -> Share:
    """A llama.cpp that opens a file beside kit.yaml."""
    wanted = desired_of(PLANS / "fresh_machine" / "kit.yaml", tmp_path)
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    (model,) = wanted.deployment.models
    sha256 = hashlib.sha256(b"GGUF").hexdigest()
    own = replace(model, source={"file": {"path": "own.gguf"}}, size_bytes=4, sha256=sha256)
    deployment = replace(wanted.deployment, models=(own,))
    return replace(wanted, desired=replace(wanted.desired, path=tmp_path / "kit.yaml"), deployment=deployment)


def problems(prepared: Prepared) -> list[str]:
    return [problem for problem, _ in prepared.plan.refusals if "own.gguf" in problem]


def test_a_file_of_equal_size_and_other_bytes_is_refused_before_it_is_read(desired: Share, tmp_path: Path) -> None:
    transport, told = Played(tmp_path), list[str]()
    assert problems(prepare(desired, transport, tell=told.append)) == []
    assert told == ["hashing own.gguf: 1 MiB"]
    (tmp_path / "own.gguf").write_bytes(b"GGUX")
    os.utime(tmp_path / "own.gguf", ns=(10**18, 10**18))
    shown = prepare(desired, transport, tell=told.append)
    (problem,) = problems(shown)
    assert problem.endswith("own.gguf has the locked file's size, but other content")
    assert problems(prepare(desired, transport)) == problems(shown)
    assert set(transport.asked) == {"probe"}


def test_a_file_of_another_size_is_not_read_for_it(desired: Share, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF and more")
    transport = Played(tmp_path)
    assert len(problems(prepare(desired, transport, tell=lambda _: None))) == 1
    assert transport.asked == ["probe"]
