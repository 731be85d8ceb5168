"""Chats in a row through the gateway, while the engine that answers most of them goes and comes."""

from __future__ import annotations

import time

from tests.e2e.gateway_api import asked
from tests.e2e.workstation import CAPITALS, SPARE
from tests.soak.figures import Soak
from tests.waiting import wait_until

MODELS = ("assistant", CAPITALS)
ROUND = 10
"""Number of chats in a round; at its second half the engine is away."""


def chats(soak: Soak, times: int) -> None:
    """Ask so many times; every question is answered, by the fallback where its own engine is away."""
    stack = soak.stack
    key = stack.secret("litellm_master_key")
    container = stack.service("main").container
    longest = 0.0
    for number in range(times):
        is_away = number % ROUND >= ROUND // 2
        if number % ROUND == ROUND // 2:
            container.kill("KILL") if soak.dice.getrandbits(1) else container.stop(timeout=5)
        elif number % ROUND == 0 and number:
            container.start()
            wait_until(
                lambda: stack.service("main").health == "healthy",
                "the engine is back",
                saw=lambda: stack.service("main"),
            )
        begun = time.monotonic()
        answer = asked(stack, key, MODELS[number % len(MODELS)])
        longest = max(longest, time.monotonic() - begun)
        assert answer.text
        assert SPARE in answer.served_by or not is_away, answer
        soak.count("answered by the other engine" if SPARE in answer.served_by else "answered by its own engine")
    container.start()
    wait_until(lambda: stack.is_settled, "the engine is back", saw=stack.plan)
    print(f"  the slowest answer took {longest:.1f} s", flush=True)
