"""Services whose new image is tried beside the running container: those without any folder or device of the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.requests.releases import converge_request
from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.refusing import Refusing

MIB = 2**20


@pytest.mark.parametrize(
    ("case", "tried"),
    [
        ("settled", {"main": None, "litellm": 1024 * MIB, "open_webui": None}),
        ("engine_published_on_the_lan", {"big": None, "edge": 256 * MIB}),
        ("llama_cpp_on_an_nvidia_card", {"main": None}),
    ],
)
def test_the_gateway_and_the_edge_are_tried_and_nothing_with_data_models_or_a_card(
    case: str, tried: dict[str, int | None], tmp_path: Path
) -> None:
    share = desired_of(PLANS / case / "kit.yaml", tmp_path)
    observation = read_observation(settled(share))
    prepared = Prepared(make_plan(share.deployment, share.bundle, observation), observation)
    services = converge_request(Member(share, Refusing(), prepared), "run-1")["services"]
    trials = {name: service["trial"] for name, service in services.items()}
    assert {name: trial and trial["memory_bytes"] for name, trial in trials.items()} == tried
