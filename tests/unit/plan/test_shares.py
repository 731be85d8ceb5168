"""A plan tells the models that will not lie whole on their cards, where it knows enough."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.decide.resolve import resolve
from deploy.deployment.host import Deployment
from deploy.hosts.observation.cards import Card
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.preflight import advice
from deploy.plan.shares import share_advice
from deploy.sources.weights.locked import GgufFacts
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.unit.decide.test_shapes import BIG, OWN, deployment, lock_with_headers
from tests.unit.fit.shapes import QWEN_32B

GIB = 2**30
BARE = Observation(Docker(), OperatingSystem("debian", "13", "trixie"), systemd=True, root=True)


def host(*sizes: int | None) -> Observation:
    return replace(BARE, cards=tuple(Card("nvidia", memory_bytes=size and size * GIB) for size in sizes))


def two_servers() -> Deployment:
    server = {"kind": "llama_cpp", "source": "pull", "gpu": "nvidia", "threads": 1}
    data = {
        "kit": 1,
        "stack": "home",
        "backup": None,
        "gateway": None,
        "webui": None,
        "engines": [{**server, "name": "a", "port": 9001}, {**server, "name": "b", "port": 9002}],
        "models": [{**OWN, "name": f"of-{name}", "engine": name} for name in ("a", "b")],
    }
    spec = Spec.model_validate_json(json.dumps(data))
    lock = lock_with_headers(spec)
    facts = GgufFacts(architecture="qwen3", context_length=40_960, has_chat_template=True)
    large = {"header": QWEN_32B, "size": 20_201_240_000, "gguf": facts}
    models = {key: entry.model_copy(update=large) for key, entry in lock.models.items()}
    return resolve(spec, lock.model_copy(update={"models": models}))[HERE]


def test_a_model_that_does_not_fit_is_told_with_both_sizes_and_a_cure() -> None:
    needs = "about 65 % on the card (needs 20 GiB, the card has 16)"
    line = f"qwen3:32b: {needs}: slower; a smaller quantization or model fits"
    assert list(share_advice(deployment(BIG, OWN), host(16))) == [line]
    assert line in advice(deployment(BIG, OWN), host(16))


def test_models_of_one_file_are_told_together() -> None:
    child = {"name": "child", "engine": "main", "from": "qwen3:32b", "system": "Be brief."}
    (line,) = share_advice(deployment(BIG, child), host(16))
    assert line.startswith("qwen3:32b, child: about 65 % on the card")


@pytest.mark.parametrize(
    ("sizes", "model", "engine"),
    [
        ((32,), {}, {}),
        ((16, 16), {}, {}),
        ((24,), {"num_ctx": 8192}, {}),
        ((16,), {"num_gpu": 20}, {}),
        ((16,), {"num_gpu": 0}, {}),
        ((None,), {}, {}),
        ((), {}, {}),
        ((16,), {}, {"gpu": "none"}),
        ((16, 32), {}, {"devices": ["1"]}),
    ],
)
def test_nothing_is_told_of_what_fits_or_may_fit_of_a_wish_and_of_the_unknown(
    sizes: tuple[int | None, ...], model: dict[str, Any], engine: dict[str, Any]
) -> None:
    assert list(share_advice(deployment({**BIG, **model}, **engine), host(*sizes))) == []


def test_servers_that_stay_loaded_are_told_together_where_both_do_not_fit() -> None:
    assert list(share_advice(two_servers(), host(48))) == []
    (line,) = share_advice(two_servers(), host(32))
    assert line.startswith(
        "of-a, of-b need 45 GiB of cards together, and there are 32: the last one to start is slower"
    )
