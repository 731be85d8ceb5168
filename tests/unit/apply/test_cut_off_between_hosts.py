"""An apply that is killed anywhere, and whose rerun fails on one host, leaves all hosts on the same release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from deploy.apply.phases.order import Needs
from deploy.decide.desired import Share, load_desired
from deploy.errors import ApplyError
from deploy.stack import HERE
from deploy.verify.report import Check, Report
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.apply.agents import Machines, machines
from tests.unit.apply.played_docker import Killed, Kills

HOSTS = ("page", "gate", "engine")
NEEDS: Needs = {"engine": (), "gate": ("engine",), "page": ("gate",)}
VERBS = ("secrets", "place")
"""Each test tries its share of the points, for every point is tried with another failure."""
WHEEL = "cb1a2a1e"
"""Beginning of the checksum of a file in the gateway's image."""
LEAST_POINTS = 40
"""Fewer than a run of three hosts passes."""


@pytest.fixture
def shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Share, Share]:
    """Two releases that differ in the containers of both services, and in the gateway's image."""

    def checked(*_: object) -> Report:
        return Report((Check("answers", "main", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    text = (PLANS / "settled" / "kit.yaml").read_text().replace("embedding: gemma", "").split("webui:")[0]
    shares = []
    for number, threads in enumerate((1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        spec = folder / "given.yaml"
        changed = text.replace("threads: 1", f"threads: {threads}").replace("litellm}", f"litellm, port: 400{number}}}")
        spec.write_text(f"{changed}webui: null\nbackup: null\n")
        desired_of(spec, folder)
        lock = folder / "kit.lock"
        lock.write_text(lock.read_text().replace(WHEEL, f"{WHEEL[:-1]}{number}"))
        shares.append(load_desired(folder / "kit.yaml").on(HERE))
    return shares[0], shares[1]


@pytest.fixture
def fleets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shares: tuple[Share, Share]) -> Iterator[Machines]:
    """Three hosts that run the first release, as often as a test asks."""
    hosts = machines(tmp_path / "fleet", [], monkeypatch, *HOSTS)
    hosts.apply(shares[0], needs=NEEDS)
    assert versions(hosts) == {of(shares[0])}
    return (hosts.copy_to(tmp_path / f"fleet-{number}") for number in count())


def of(share: Share) -> tuple[str, frozenset[str]]:
    return share.bundle.release, frozenset(parts["digest"] for parts in share.bundle.services.values())


def versions(hosts: Machines) -> set[tuple[str | None, frozenset[str]]]:
    return {host.version() for host in hosts.values()}


def is_cut(hosts: Machines, share: Share, at: int) -> bool:
    """Apply and end the control node at a point; return False if the run ended before it."""
    try:
        hosts.apply(share, Kills(at), needs=NEEDS)
    except Killed:
        return True
    return False


def ensure_whole(hosts: Machines, share: Share) -> None:
    """Every host runs the release, and the next apply has nothing to do."""
    assert versions(hosts) == {of(share)}
    assert all(plan.is_empty for plan in hosts.plans(share).values())


@pytest.mark.parametrize("sick", HOSTS)
def test_a_rerun_that_fails_on_one_host_leaves_all_on_the_same_release(
    sick: str, fleets: Iterator[Machines], shares: tuple[Share, Share]
) -> None:
    for at, hosts in zip(count(HOSTS.index(sick), len(HOSTS)), fleets, strict=False):
        went_on = is_cut(hosts, shares[1], at)
        hosts[sick].docker.sick = of(shares[1])[1]
        with suppress(ApplyError):
            hosts.apply(shares[1], needs=NEEDS)
        assert len({release for release, _ in versions(hosts)}) == 1, f"killed at point {at}"
        hosts[sick].docker.sick = frozenset()
        hosts.apply(shares[1], needs=NEEDS)
        ensure_whole(hosts, shares[1])
        if not went_on:
            break
    assert at > LEAST_POINTS
    assert all(host.docker.tried for host in hosts.values())


@pytest.mark.parametrize("verb", VERBS)
def test_a_rerun_that_fails_before_it_changes_a_host_takes_back_what_the_cut_run_left(
    verb: str, fleets: Iterator[Machines], shares: tuple[Share, Share]
) -> None:
    for at, hosts in zip(count(VERBS.index(verb), len(VERBS)), fleets, strict=False):
        went_on = is_cut(hosts, shares[1], at)
        for host in hosts.values():
            host.fails_at = verb if host.version() == of(shares[0]) else ""
        with suppress(ApplyError):
            hosts.apply(shares[1], needs=NEEDS)
        assert len(versions(hosts)) == 1, f"killed at point {at}"
        for host in hosts.values():
            host.fails_at = ""
        hosts.apply(shares[1], needs=NEEDS)
        ensure_whole(hosts, shares[1])
        if not went_on:
            break
    assert at > LEAST_POINTS
