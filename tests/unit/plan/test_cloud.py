"""A model made from a tag that its engine leaves to its vendor's cloud, whatever the tag's name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import Base, CreatedModel
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.observation.seen import SeenEngine
from deploy.plan.models import model_refusals
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of

DIGEST = "9" * 64


def test_a_remote_base_is_refused_by_the_engines_answer_until_kit_yaml_allows_it(tmp_path: Path) -> None:
    made = CreatedModel("tech", {"model": "tech", "from": "Gemini"}, "t", {}, "", base=Base("Gemini", DIGEST, 1))
    engine = Engine("mac", "external", "ollama", "http://mac.lan:11434", (made,))
    host = read_observation(bare(desired_of(PLANS / "settled" / "kit.yaml", tmp_path)))
    for digest, uses_cloud, is_refused in ((DIGEST, False, True), (DIGEST, True, False), ("8" * 64, False, False)):
        seen = replace(host, engines={"mac": SeenEngine(digests={"gemini": digest}, cloud=("gemini",))})
        wanted = Deployment("home", (), (), (replace(engine, uses_cloud=uses_cloud),))
        told = [*model_refusals(wanted, seen)]
        assert bool(told) == is_refused
        for problem, next_step in told:
            assert problem.startswith("model tech: Gemini names a model in the vendor's cloud: each request")
            assert next_step == "name another tag, or write `cloud: true` at mac"
