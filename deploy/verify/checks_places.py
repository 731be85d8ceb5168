"""The checks of every service's user data: it lies in its place, and is the data of before."""

from __future__ import annotations

from deploy.agent.line import Line
from deploy.deployment.service import Service
from deploy.verify.checks import ensure
from deploy.verify.containers import Containers
from deploy.verify.places import Places


def test_its_data_is_the_data_of_before(service: Service, places: Places) -> None:
    problem = places.problem(service)
    ensure(not problem, problem)


def test_writes_to_the_folders_that_are_at_their_paths(service: Service, containers: Containers) -> None:
    folders = ", ".join(containers.replaced_folders(service))
    ensure(not folders, f"writes to a folder that {folders} was before; `{Line('apply')}` makes its container anew")
