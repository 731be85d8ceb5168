from __future__ import annotations

import pytest

from deploy.components.llama_cpp.memory import memory_bytes
from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.decide.render import render
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.offers import ChatApi, Embeddings, Inside
from deploy.deployment.secrets import Secret, SecretUse
from deploy.deployment.service import Mount
from deploy.errors import UsageError
from tests.unit.rooms.places import GEMMA, TALKER, chain, engine, resolved

GIB = 2**30


def argument(argv: tuple[str, ...], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_a_base_model_gets_the_bare_text_as_template_and_an_end() -> None:
    service = engine(GEMMA).service
    assert argument(service.argv, "--predict") == "64"
    assert argument(service.argv, "--chat-template-file") == "/kit/chat_template.jinja"
    (template,) = (file for file in render(chain()).files if file.path.endswith("chat_template.jinja"))
    assert template.content == "{% for m in messages %}{{ m.content }}{% endfor %}"


def test_a_base_model_is_told_and_neither_a_template_of_the_spec_nor_one_of_the_file() -> None:
    (bare,) = engine(GEMMA).models
    assert bare.advice == (
        "the file of gemma has no chat template, so main passes on the plain text; `chat_template` at main sets "
        "one; a base model only continues a text"
    )
    assert engine(GEMMA, chat_template="{{ messages[0].content }}").models[0].advice == ""
    assert engine(TALKER).models[0].advice == ""


def test_a_chat_model_keeps_its_own_template_and_ends_by_itself() -> None:
    service = engine(TALKER).service
    assert "--predict" not in service.argv
    assert "--chat-template-file" not in service.argv
    assert service.artifacts == ()


def test_what_the_spec_says_comes_before_what_the_model_needs() -> None:
    service = engine(GEMMA, predict=500, chat_template="{{ messages[0].content }}", memory="3GiB").service
    assert argument(service.argv, "--predict") == "500"
    assert service.artifacts[0].context.text == "{{ messages[0].content }}"
    assert service.memory_bytes == 3 * GIB


def test_every_slot_has_the_whole_context_and_an_embedding_fits_into_one_batch() -> None:
    argv = engine(GEMMA, context_length=2048, parallel=3).service.argv
    assert (argument(argv, "--ctx-size"), argument(argv, "--parallel")) == ("6144", "3")
    assert (argument(argv, "--batch-size"), argument(argv, "--ubatch-size")) == ("2048", "2048")
    assert argument(engine(GEMMA, context_length=32768).service.argv, "--ubatch-size") == "8192"


def test_the_model_lies_under_its_content_and_is_mounted_read_only() -> None:
    found = engine(GEMMA, user="1000:1001")
    (model,) = found.models
    assert model.host_path == f"/srv/kit/home/main/models/{GEMMA.sha256}.gguf"
    assert found.service.mounts == (Mount(model.host_path, "/models/model.gguf"),)
    assert found.service.folders[-1] == Folder("/srv/kit/home/main/models", Owner(1000, 1001), "0750")


def test_it_offers_chat_and_vectors_under_its_own_key() -> None:
    found = engine(TALKER, name="big-one")
    key = Secret("big-one_api_key", "big-one", shown_as="key of the engine big-one")
    assert found.service.secrets == (SecretUse(key, "LLAMA_API_KEY"),)
    assert found.offers == (
        ChatApi("openai", Inside("big-one", 8080, "/v1"), ("talker:8b",), key),
        Embeddings("openai", Inside("big-one", 8080, "/v1"), ("talker:8b",), key),
    )


def test_an_engine_without_its_one_model_is_refused_with_the_line_to_write() -> None:
    spec = LlamaCppEngine(kind="llama_cpp", name="main", threads=1)
    with pytest.raises(UsageError, match="exactly one model") as refused:
        resolved("llama_cpp", spec, models=(GEMMA, TALKER))
    assert "engine: main" in refused.value.next_step


@pytest.mark.parametrize(
    ("model_bytes", "context", "parallel", "least", "most"),
    [
        # The small model took 0.6 GiB at its peak; an 8B at 4 bits needs its 4.6 GiB and 0.5 GiB of context.
        (253_113_024, 4096, 1, 1.2 * GIB, 2 * GIB),
        (4_900_000_000, 4096, 1, 6 * GIB, 9 * GIB),
        (40_000_000_000, 8192, 4, 44 * GIB, 80 * GIB),
    ],
)
def test_the_memory_limit_holds_weights_and_context_of_all_slots(
    model_bytes: int, context: int, parallel: int, least: float, most: float
) -> None:
    assert least < memory_bytes(model_bytes, context, parallel) < most
