"""A box that is off and may be: the others go on without it, and the next apply brings it up to date."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.e2e.lab.pair import APPLY, NOTHING, Pair

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]


def test_a_box_that_is_off_is_left_out_and_another_engine_answers_in_its_place(pair: Pair) -> None:
    def preferred(spec: dict[str, Any]) -> None:
        spec["hosts"]["box"]["optional"] = True
        spec["models"].append(deepcopy(spec["models"][0]) | {"name": "emergency", "engine": "spare"})
        spec["gateway"]["routes"] = [{"model": "gemma", "fallbacks": ["emergency"]}]

    def newer(spec: dict[str, Any]) -> None:
        for engine in spec["engines"]:
            engine["keep_alive"] = "15m"

    with pair.changed(preferred), pair.person.locked_anew():
        pair.apply()
        assert pair.answer()
        with pair.changed(newer):
            with pair.cut_off(pair.box):
                for words in (APPLY, ("verify", "--json")):
                    ran = pair.person.kit(*words)
                    assert set(ran.document["left_out"]) == {"box"}
                    assert "box is optional and left out: " in ran.err
                assert pair.answer(), "the engine of the desk answers"
            operations = pair.apply()
            assert operations == {"box": operations["box"], "desk": {}}
            assert "service main" in operations["box"]
            assert pair.apply() == NOTHING
