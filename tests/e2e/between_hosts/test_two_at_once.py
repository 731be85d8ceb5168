"""Two machines apply the same files: one at a time changes the hosts."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from deploy.hosts.wire.holding import SILENCE_SECONDS
from tests.e2e.lab.pair import APPLY, NOTHING, Pair
from tests.e2e.lab.stack_on import holder
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]


def keep_alive(minutes: int) -> Any:
    """Let both engines be made anew."""

    def change(spec: dict[str, Any]) -> None:
        for engine in spec["engines"]:
            engine["keep_alive"] = f"{minutes}m"

    return change


def test_of_two_applies_at_once_one_wins_and_the_other_is_told_who_holds(pair: Pair) -> None:
    with pair.changed(keep_alive(11)):
        with pair.person.running(*APPLY) as one, pair.person.running(*APPLY) as other:
            said = {process: process.communicate(timeout=600) for process in (one, other)}
            assert sorted(process.returncode for process in said) == [0, 4], said
        winner, loser = (one, other) if one.returncode == 0 else (other, one)
        assert f"kit apply (pid {winner.pid})" in said[loser][1] + said[loser][0]
        assert pair.apply() == NOTHING


def test_a_holder_that_slept_too_long_is_refused_and_does_no_damage(pair: Pair) -> None:
    with pair.changed(keep_alive(12)), pair.person.running(*APPLY) as sleeper:
        wait_until(
            lambda: all(map(holder, pair.hosts.values())), "both are held", saw=sleeper.poll, pause=COSTLY_LOOK_SECONDS
        )
        sleeper.send_signal(signal.SIGSTOP)
        wait_until(
            lambda: not any(map(holder, pair.hosts.values())),
            "the hold is free",
            SILENCE_SECONDS * 2,
            saw=sleeper.poll,
            pause=COSTLY_LOOK_SECONDS,
        )
        pair.apply()
        sleeper.send_signal(signal.SIGCONT)
        out, err = sleeper.communicate(timeout=600)
        assert sleeper.returncode != 0, out
        assert "does not have its hold" in err + out
        assert pair.apply() == NOTHING
        assert pair.answer()
