from __future__ import annotations

import pytest

from tests.e2e.addresses import bridge_address
from tests.waiting import LONGEST_STATE, wait_until


def in_vain(seen: object, **more: object) -> str:
    with pytest.raises(AssertionError) as failure:
        wait_until(lambda: seen, "it is done", 0, **more)  # type: ignore[arg-type]
    return str(failure.value)


def test_a_wait_in_vain_tells_the_last_state() -> None:
    assert in_vain([]) == "waited 0 s in vain until it is done; last seen: []"
    assert in_vain(False, saw=lambda: {"health": "starting"}).endswith("last seen: {'health': 'starting'}")


def test_a_state_that_cannot_be_read_hides_nothing() -> None:
    def broken() -> object:
        raise OSError("no such container")

    assert in_vain(False, saw=broken).endswith("last seen: nothing, for OSError: no such container")


def test_a_long_state_is_told_by_its_end() -> None:
    text = in_vain(False, saw=lambda: "x" * 10_000 + "end")
    assert text.endswith("end'")
    assert len(text) < LONGEST_STATE + 100


def test_what_is_seen_comes_back() -> None:
    assert wait_until(lambda: "there", "it is there") == "there"


def test_the_kernel_is_asked_for_the_address_of_an_interface() -> None:
    assert bridge_address("lo") == "127.0.0.1"
    with pytest.raises(OSError, match="No such device"):
        bridge_address("no-such-bridge")
