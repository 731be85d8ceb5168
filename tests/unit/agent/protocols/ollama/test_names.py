from __future__ import annotations

import pytest

from deploy.agent.protocols.doors.names import plain, same
from deploy.agent.protocols.ollama.pulling import mirrored


@pytest.mark.parametrize(
    "name",
    [
        "tiny",
        "Tiny:latest",
        "library/tiny",
        "registry.ollama.ai/library/TINY:latest",
        "https://registry.ollama.ai/library/tiny",
    ],
)
def test_every_spelling_of_a_name_is_the_same(name: str) -> None:
    assert same(name) == "tiny"


@pytest.mark.parametrize("name", ["tiny:1", "you/tiny", "hf.co/you/tiny", "tiny-latest", "127.0.0.1:9/library/tiny"])
def test_another_name_is_another_model(name: str) -> None:
    assert same(name) != "tiny"
    assert same(name) == name


def test_a_name_is_shown_in_its_own_capitals() -> None:
    assert plain("Tech:latest") == "Tech"
    assert plain("Tech:Big") == "Tech:Big"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("llama3:8b", "http://mirror:5055/library/llama3:8b"),
        ("you/tiny", "http://mirror:5055/you/tiny"),
        ("hf.co/you/tiny:Q4", "hf.co/you/tiny:Q4"),
    ],
)
def test_a_mirror_stands_in_for_the_place_that_goes_without_saying(name: str, source: str) -> None:
    assert mirrored(name, "http://mirror:5055/") == source
    assert mirrored(name, None) == name
