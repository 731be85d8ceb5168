from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.gguf import TOKENS, Header
from deploy.registries.library import (
    TaggedLayer,
    TaggedModel,
    context_of_tag,
    header_of_tag,
    renderer_of_tag,
    resolve_tag,
)
from deploy.sources.url.measured import measure_url
from deploy.sources.weights.measured import Measured
from tests.gguf import PLAIN, gguf
from tests.little_registry import AMD64, MANIFEST, LittleRegistry, digest_of, manifest, platforms

MODEL = "application/vnd.ollama.image.model"


@pytest.fixture
def library() -> Iterator[LittleRegistry]:
    with LittleRegistry().served() as served:
        yield served


def silent(*_: object) -> None:
    """Tell nobody."""


@pytest.mark.parametrize(
    ("name", "listed", "path", "tag"),
    [
        ("llama3:8b-instruct-q4_K_M", "llama3:8b-instruct-q4_K_M", "library/llama3", "8b-instruct-q4_K_M"),
        ("some.body/x", None, "", ""),
        ("somebody/Llama3", "somebody/Llama3:latest", "somebody/Llama3", "latest"),
    ],
)
def test_a_tag_is_locked_by_the_digest_that_an_engine_lists_it_with(
    name: str, listed: str | None, path: str, tag: str, library: LittleRegistry
) -> None:
    fetch = Fetch(models=library.url)
    if listed is None:
        with pytest.raises(KitError, match=r"'some\.body/x' is not a model's name"):
            resolve_tag(name, fetch)
        return
    content = manifest(100, 20, kind=MODEL)
    digest = library.put(path, tag, content).removeprefix("sha256:")
    layers = tuple(TaggedLayer(MODEL, f"{size:064x}", size) for size in (100, 20))
    assert resolve_tag(name, fetch) == TaggedModel(listed, digest, 127, layers, f"{7:064x}")
    assert library.asked[0][1]["Accept"] == MANIFEST


def test_the_context_that_a_tag_was_trained_for_is_read_from_the_head_of_its_file(library: LittleRegistry) -> None:
    library.put("library/llama3", "8b", manifest(100, kind=MODEL))
    fetch = Fetch(models=library.url)
    tagged = resolve_tag("llama3:8b", fetch)
    blob = f"/v2/library/llama3/blobs/sha256:{100:064x}"
    library.has[blob] = gguf(PLAIN, weights=b"w" * 3_000_000)
    head = header_of_tag("llama3:8b", tagged, fetch)
    assert head is not None
    assert (head.architecture, head.context_length, head.scalars[TOKENS]) == ("llama", 2048, 3000)
    # What comes after it is not waited for.
    whole = library.has.pop(blob)
    library.instead[blob] = (200, {"Content-Length": str(len(whole))}, whole[:400])
    assert header_of_tag("llama3:8b", tagged, fetch) == head


@pytest.mark.parametrize(
    ("status", "config", "renderer"),
    [
        (200, b'{"model_format": "gguf", "renderer": "qwen3-vl-instruct", "parser": "x"}', "qwen3-vl-instruct"),
        (200, b'{"model_format": "gguf", "parser": "x"}', None),
        (200, b'{"renderer": ""}', None),
        (200, b'{"renderer": ["x"]}', None),
        (200, b'{"renderer": "\\u001b[31m"}', None),
        (200, b"[]", None),
        (200, b"<html>no</html>", None),
        (404, b'{"renderer": "x"}', None),
    ],
)
def test_the_renderer_of_a_tag_is_read_from_its_configuration(
    status: int, config: bytes, renderer: str | None, library: LittleRegistry
) -> None:
    fetch = Fetch(models=library.url)
    tagged = tag_of_parts(library, config, b"{}")
    library.instead[f"/v2/library/llama3/blobs/{digest_of(config)}"] = (status, {}, config)
    assert renderer_of_tag("llama3:8b", tagged, fetch) == renderer


@pytest.mark.parametrize(
    ("parameters", "context"),
    [
        (b'{"num_ctx": 8192, "stop": ["<|end|>"]}', 8192),
        (b'{"num_ctx":8192.0}', 8192),
        (b'{"stop": ["<|end|>"]}', 0),
        (b'{"num_ctx": "8192"}', None),
        (b'{"num_ctx": true}', None),
        (b'{"num_ctx": -1}', None),
        (b'{"num_ctx": 1e999}', None),
        (b"[8192]", None),
        (b"<html>no</html>", None),
    ],
)
def test_the_context_of_a_tag_is_read_from_its_parameters(
    parameters: bytes, context: int | None, library: LittleRegistry
) -> None:
    assert context_of_tag("llama3:8b", tag_of_parts(library, b"{}", parameters), Fetch(models=library.url)) == context


def test_a_tag_without_parameters_sets_no_context(library: LittleRegistry) -> None:
    library.put("library/llama3", "8b", manifest(100, kind=MODEL))
    fetch = Fetch(models=library.url)
    assert context_of_tag("llama3:8b", resolve_tag("llama3:8b", fetch), fetch) == 0


def test_a_part_of_a_tag_with_other_bytes_than_its_digest_says_is_not_believed(library: LittleRegistry) -> None:
    config, parameters = b'{"renderer": "qwen3.5"}', b'{"num_ctx": 8192}'
    fetch = Fetch(models=library.url)
    tagged = tag_of_parts(library, config, parameters)
    assert (renderer_of_tag("llama3:8b", tagged, fetch), context_of_tag("llama3:8b", tagged, fetch)) == (
        "qwen3.5",
        8192,
    )
    for content, other in ((config, b'{"renderer": "other"}'), (parameters, b'{"num_ctx": 16384}')):
        library.has[f"/v2/library/llama3/blobs/{digest_of(content)}"] = other
    assert renderer_of_tag("llama3:8b", tagged, fetch) is None
    assert context_of_tag("llama3:8b", tagged, fetch) is None


def tag_of_parts(library: LittleRegistry, config: bytes, parameters: bytes) -> TaggedModel:
    """A tag with a configuration and parameters that the registry has."""
    parts = [
        {"mediaType": kind, "digest": digest_of(content), "size": len(content)}
        for kind, content in (("config", config), (MODEL.replace("model", "params"), parameters))
    ]
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
    library.put("library/llama3", "8b", json.dumps(document).encode())
    library.has |= {f"/v2/library/llama3/blobs/{digest_of(content)}": content for content in (config, parameters)}
    return resolve_tag("llama3:8b", Fetch(models=library.url))


@pytest.mark.parametrize(
    "answer",
    [(404, {}, b""), (200, {}, b"<html>no</html>"), (200, {"Content-Length": "900000"}, b"GGUF"), (401, {}, b"")],
)
def test_a_tag_whose_file_tells_nothing_is_locked_all_the_same(
    answer: tuple[int, dict[str, str], bytes], library: LittleRegistry
) -> None:
    library.put("library/llama3", "8b", manifest(100, kind=MODEL))
    fetch = Fetch(models=library.url)
    tagged = resolve_tag("llama3:8b", fetch)
    library.instead["/v2/library/llama3/blobs"] = answer
    assert header_of_tag("llama3:8b", tagged, fetch) is None


def test_a_host_in_the_name_is_the_one_that_is_asked_whatever_the_mirror(library: LittleRegistry) -> None:
    library.put("user/Repo-GGUF", "Q4_K_M", manifest(9))
    name = f"{library.host}/user/Repo-GGUF:Q4_K_M"
    found = resolve_tag(name, Fetch(models="http://127.0.0.1:9"))
    assert (found.name, found.size_bytes) == (name, 16)


def test_a_tag_that_is_not_there_is_told_with_where_it_was_asked_for(library: LittleRegistry) -> None:
    with pytest.raises(KitError) as error:
        resolve_tag("llama3:9b", Fetch(models=library.url))
    assert error.value.problem.startswith(f"the registry {library.url} has no library/llama3:9b: 404")


def test_an_image_is_no_model(library: LittleRegistry) -> None:
    library.put("library/x", "latest", platforms(amd=manifest(1), amd_on=AMD64))
    with pytest.raises(KitError, match="a list of platforms, and no model"):
        resolve_tag("x", Fetch(models=library.url))


def test_a_model_registry_that_is_silent_is_named_with_its_own_mirror() -> None:
    with pytest.raises(KitError) as error:
        resolve_tag("x", Fetch(models="http://127.0.0.1:9"))
    assert "mirrors: {models: ...}" in error.value.next_step


def test_a_file_at_an_address_is_measured_and_not_kept(library: LittleRegistry) -> None:
    content = gguf(PLAIN, weights=b"w" * 3_000_000)
    library.has["/m.gguf"] = content
    told: list[tuple[str, int, int | None]] = []
    found = measure_url(f"{library.url}/m.gguf?key=secret", Fetch(), lambda *one: told.append(one))
    scalars: dict[str, bool | int | float | str] = {
        "general.architecture": "llama",
        "llama.context_length": 2048,
        "tokenizer.ggml.add_bos_token": True,
        TOKENS: 3000,
    }
    header = Header("llama", 2048, has_chat_template=False, scalars=scalars)
    assert found == Measured(hashlib.sha256(content).hexdigest(), len(content), header)
    assert told[-1] == (f"reading {library.url}/m.gguf", len(content), len(content))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), "answers 404"),
        (
            (200, {}, b"<html>please sign in</html>"),
            "is not a GGUF model: it does not begin with the GGUF magic number",
        ),
        ((200, {"Content-Length": "9000000"}, gguf(PLAIN)), "does not answer: it ended after"),
        ((200, {"Content-Length": "9000000"}, b"GGUF"), "does not answer: it ended after 4 of 9000000 bytes"),
    ],
)
def test_what_is_no_model_at_an_address_is_told_without_the_key_in_it(
    answer: tuple[int, dict[str, str], bytes], said: str, library: LittleRegistry
) -> None:
    library.instead["/m"] = answer
    with pytest.raises(KitError) as error:
        measure_url(f"{library.url}/m.gguf?key=secret", Fetch(), silent)
    assert error.value.problem.startswith(f"{library.url}/m.gguf ")
    assert said in error.value.problem
    assert "secret" not in error.value.problem + error.value.next_step
