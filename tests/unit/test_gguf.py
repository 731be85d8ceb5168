"""The header of a GGUF file, honest and not."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.gguf import TOKENS, GgufError, Header, read_head, read_header
from tests.gguf import PLAIN, gguf, text

GOOD = gguf(PLAIN | {"tokenizer.chat_template": "{{ messages }}"})
ONE_KEY = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a")


SCALARS = ("general.architecture", "llama.context_length", "tokenizer.ggml.add_bos_token")
COUNTED = {TOKENS: 3000}


def header_of(content: bytes) -> Header:
    return read_header(io.BytesIO(content), "x.gguf")


@pytest.mark.parametrize("version", [2, 3])
def test_the_facts_of_a_header_are_read(version: int) -> None:
    scalars: Any = {key: PLAIN[key] for key in SCALARS} | COUNTED
    assert header_of(gguf(PLAIN, version)) == Header("llama", 2048, has_chat_template=False, scalars=scalars)
    assert header_of(GOOD) == Header("llama", 2048, has_chat_template=True, scalars=scalars)
    assert not header_of(gguf(PLAIN | {"tokenizer.chat_template": ""})).has_chat_template


def test_every_scalar_is_kept_and_no_list_long_text_or_number_that_is_none() -> None:
    kept = {"llama.rope.freq_base": 0.1, "llama.block_count": 32, "general.name": "Mine"}
    left = {"general.license": "x" * 300, "general.about": "a\nb", "llama.scale": float("nan"), "k" * 101: 1}
    found = header_of(gguf(PLAIN | kept | left)).scalars
    assert found == {key: PLAIN[key] for key in SCALARS} | kept | COUNTED


def test_a_header_of_too_many_facts_keeps_some_and_those_that_decisions_need() -> None:
    many = {f"a.{number}": number for number in range(2000)}
    found = header_of(gguf(many | PLAIN))
    assert (found.context_length, len(found.scalars) < 1100) == (2048, True)


def test_a_head_ends_with_the_lists_of_the_tokenizer() -> None:
    class Counted(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(min(size or 1, 100))
            self.given += len(part)
            return part

    sizes = {"llama.block_count": 32}
    after = {"tokenizer.ggml.scores": [0.5] * 3000}
    for keys in ({**sizes, **PLAIN}, {**sizes, **PLAIN, "tokenizer.ggml.model": "gpt2"}):
        stream = Counted(gguf({key: keys[key] for key in sorted(keys) if key not in after} | after))
        head = read_head(stream, "x.gguf")
        assert (head.context_length, head.scalars["llama.block_count"], head.scalars[TOKENS]) == (2048, 32, 3000)
        assert stream.given < 1000
    # A head that puts its own sizes last is read up to them, and one that lacks them to its end.
    assert read_head(io.BytesIO(gguf(dict(reversed(PLAIN.items())))), "x.gguf").context_length == 2048
    with pytest.raises(GgufError, match="gives no context length"):
        read_head(io.BytesIO(gguf({"general.architecture": "llama", TOKENS: ["a"]})), "x.gguf")


def test_the_order_of_the_keys_does_not_matter() -> None:
    assert header_of(gguf(dict(reversed(PLAIN.items())))).context_length == 2048


def test_a_stream_that_gives_little_at_a_time_is_read_as_well() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 7))

    assert read_header(Slow(GOOD), "x.gguf").architecture == "llama"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ends in the middle of its header"),
        (b"PK\3\4" + b"\0" * 40, "does not begin with the GGUF magic number"),
        (gguf(PLAIN, 1), "its format is 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "little-endian"),
        (GOOD[:100], "ends in the middle of its header"),
        (gguf({"a": 1}), "names no architecture"),
        (gguf({"general.architecture": "../x"}), "names no architecture"),
        (gguf({"general.architecture": "clip"}), "gives no context length"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "claims 1152921504606846976 keys"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "holds a name of"),
        (ONE_KEY + struct.pack("<IQ", 8, 2**63), "claims a value of"),
        (ONE_KEY + struct.pack("<IIQ", 9, 8, 2**40), "claims lists of"),
        (ONE_KEY + struct.pack("<IIQ", 9, 0, 2**62), "claims a value of"),
        (ONE_KEY + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 50, "lists in lists"),
        (ONE_KEY + struct.pack("<I", 77), "unknown kind 77"),
    ],
)
def test_a_file_that_is_no_model_is_told_in_words(content: bytes, words: str) -> None:
    with pytest.raises(GgufError, match=words) as caught:
        header_of(content)
    assert caught.value.problem.startswith("x.gguf is not a GGUF model: ")
    assert caught.value.next_step


@settings(deadline=None, max_examples=200)
@given(content=st.binary(max_size=300), cut=st.integers(0, len(GOOD)), at=st.integers(0, 2000))
def test_cut_and_spoiled_files_are_a_header_or_an_error(content: bytes, cut: int, at: int) -> None:
    for spoiled in (GOOD[:cut], GOOD[:at] + content + GOOD[at + len(content) :], b"GGUF\3\0\0\0" + content):
        try:
            found = header_of(spoiled)
        except GgufError:
            continue
        assert found.architecture.isascii()
        assert found.context_length > 0


def test_a_header_that_never_ends_takes_little_memory_and_is_given_up() -> None:
    class Endless:
        given = 0

        def read(self, size: int, /) -> bytes:
            self.given += size
            return b"\1\0\0\0\0\0\0\0" * (size // 8)

    start = ONE_KEY + struct.pack("<IIQ", 9, 8, 3_999_999)
    stream = Endless()
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(GgufError):
        read_header(_After(start, stream), "x.gguf")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert stream.given < 300 * 2**20
    assert time.monotonic() - begun < 300


class _After:
    """Some bytes, then another stream."""

    def __init__(self, start: bytes, rest: object) -> None:
        self.start = io.BytesIO(start)
        self.rest = rest

    def read(self, size: int, /) -> bytes:
        found: bytes = self.start.read(size) or self.rest.read(size)  # type: ignore[attr-defined]  # any stream
        return found
