"""Official images: the reference of each, and what a service does otherwise than on an assembled one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deploy.components import room_of
from deploy.components.open_webui.spec import OpenWebUI
from deploy.components.probes import http_probe, python_probe
from deploy.components.room import Site
from deploy.decide.resolve import resolve
from deploy.deployment.cards import Cards
from deploy.deployment.image import Image
from deploy.deployment.offers import Embeddings
from deploy.deployment.service import DeviceRequest, Service
from deploy.lock.image_sources import image_sources
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.rooms.places import engine

OWN = "sentence-transformers/all-MiniLM-L6-v2"
CPU = {"name": "cpu", "kind": "llama_cpp", "threads": 1}
BIG = {"name": "big", "kind": "ollama", "publish": "lan"}
MODEL = {"name": "a", "engine": "cpu", "from": {"file": "a.gguf", "sha256": "a" * 64}}


def spec_of(**parts: Any) -> Spec:
    data = {"kit": 1, "stack": "home", "engines": [CPU, BIG], "models": [MODEL], **parts}
    return Spec.model_validate_json(json.dumps(data))


def services_of(**parts: Any) -> dict[str, Service]:
    spec = spec_of(**parts)
    return {service.kind: service for service in resolve(spec, lock_of(spec))[HERE].services}


def page(**fields: Any) -> Service:
    """Return a page on a pulled image, over an engine that makes vectors as well."""
    site = Site("home", Image("kit/open_webui:1", "pull", "1", 1), cards=Cards("nvidia", is_cdi=True))
    spec = OpenWebUI(**{"kind": "open_webui", **fields})
    return room_of("open_webui").resolve(spec, site, engine().offers).service


def test_every_component_has_an_official_image() -> None:
    assert list(image_sources(spec_of(images={"source": "pull"}))) == [
        "ghcr.io/ggml-org/llama.cpp:server",
        "ollama/ollama:0.32.15",
        "ghcr.io/berriai/litellm:v1.106.2",
        "ghcr.io/open-webui/open-webui:v0.12.4",
        "caddy:2.11.2",
    ]


def test_a_service_may_have_another_source_than_the_rest() -> None:
    pulled = spec_of(gateway={"kind": "litellm", "source": "pull"}, edge={"source": "pull"})
    built = spec_of(images={"source": "pull"}, webui={"kind": "open_webui", "source": "build"})
    assert [key for key in image_sources(pulled) if ":" in key] == [
        "ollama/ollama:0.32.15",
        "ghcr.io/berriai/litellm:v1.106.2",
        "caddy:2.11.2",
    ]
    assert [key for key in image_sources(built) if ":" not in key] == ["open_webui"]


@pytest.mark.parametrize(
    ("part", "reference"),
    [
        ({"gateway": {"kind": "litellm", "version": "1.105.0"}}, "ghcr.io/berriai/litellm:v1.105.0"),
        ({"engines": [{**CPU, "version": "b11434"}]}, "ghcr.io/ggml-org/llama.cpp:server-b11434"),
        ({"webui": {"kind": "open_webui", "version": "0.12.0"}}, "ghcr.io/open-webui/open-webui:v0.12.0"),
        ({"webui": {"kind": "open_webui", "variant": "slim"}}, "ghcr.io/open-webui/open-webui:v0.12.4-slim"),
        ({"webui": {"kind": "open_webui", "variant": "cuda"}}, "ghcr.io/open-webui/open-webui:v0.12.4-cuda"),
    ],
)
def test_a_release_and_a_variant_are_parts_of_the_reference(part: dict[str, Any], reference: str) -> None:
    assert reference in image_sources(spec_of(images={"source": "pull"}, **part))


@pytest.mark.parametrize(
    ("gpu", "flavour"), [("none", ""), ("nvidia", "-cuda"), ("amd", "-rocm"), ("intel", "-vulkan")]
)
def test_the_image_of_llama_cpp_is_the_one_for_its_card(gpu: str, flavour: str) -> None:
    cpu = {**CPU, "gpu": gpu, "version": "b11434"}
    sources = image_sources(spec_of(images={"source": "pull"}, engines=[cpu]))
    assert next(iter(sources)) == f"ghcr.io/ggml-org/llama.cpp:server{flavour}-b11434"


@pytest.mark.parametrize(
    ("gpu", "nodes", "variable"),
    [
        ("amd", ["/dev/kfd", "/dev/dri"], "ROCR_VISIBLE_DEVICES"),
        ("intel", ["/dev/dri"], "GGML_VK_VISIBLE_DEVICES"),
    ],
)
def test_llama_cpp_gets_the_devices_of_its_card_and_the_chosen_ones_alone(
    gpu: str, nodes: list[str], variable: str
) -> None:
    cpu = {**CPU, "gpu": gpu, "gpu_groups": [44], "devices": ["1"]}
    service = services_of(images={"source": "pull"}, engines=[cpu])["llama_cpp"]
    assert [device.host_path for device in service.host_devices] == nodes
    assert service.groups == (44,)
    assert service.environment == ((variable, "1"),)
    assert services_of()["llama_cpp"].environment == ()


def test_both_sources_have_the_same_user_limits_folders_ports_and_secrets() -> None:
    built, pulled = services_of(), services_of(images={"source": "pull"})
    assert built.keys() == pulled.keys()
    for kind, service in pulled.items():
        other = built[kind]
        assert (service.owner, service.read_only) == (other.owner, True)
        assert (service.mounts, service.folders, service.tmpfs) == (other.mounts, other.folders, other.tmpfs)
        assert (service.ports, service.secrets, service.egress) == (other.ports, other.secrets, other.egress)


def test_only_the_program_of_llama_cpp_lies_elsewhere() -> None:
    built, pulled = services_of(), services_of(images={"source": "pull"})
    assert pulled["llama_cpp"].argv == ("/app/llama-server", *built["llama_cpp"].argv[1:])
    assert {kind for kind in built if built[kind].argv != pulled[kind].argv} == {"llama_cpp"}


def test_the_edge_gets_the_capability_without_which_its_official_program_does_not_start() -> None:
    assert [one.name for one in services_of(images={"source": "pull"})["edge"].capabilities] == ["NET_BIND_SERVICE"]
    assert services_of()["edge"].capabilities == ()


def test_the_version_is_asked_of_the_package_only_where_one_is_installed() -> None:
    assert dict(services_of()["open_webui"].environment)["FROM_INIT_PY"] == "true"
    assert "FROM_INIT_PY" not in dict(page().environment)


@pytest.mark.parametrize(
    ("fields", "engine_name", "model", "bypassed"),
    [
        ({}, "", OWN, False),
        ({"variant": "cuda"}, "", OWN, False),
        ({"variant": "slim"}, "openai", "", True),
        ({"embedding": "gemma"}, "openai", "gemma", False),
    ],
)
def test_documents_are_read_by_the_images_own_model_unless_another_is_named(
    fields: dict[str, Any], engine_name: str, model: str, bypassed: bool
) -> None:
    service = page(**fields)
    settings, first = service.room["settings"], dict(service.environment)
    assert settings["rag.embedding_engine"] == first["RAG_EMBEDDING_ENGINE"] == engine_name
    assert settings["rag.embedding_model"] == first["RAG_EMBEDDING_MODEL"] == service.facts["embedding"] == model
    assert settings["rag.bypass_embedding_and_retrieval"] is bypassed
    assert first["BYPASS_EMBEDDING_AND_RETRIEVAL"] == str(bypassed).lower()
    assert ("rag.openai.api_base_url" in settings) is (engine_name == "openai")


def test_an_own_model_for_vectors_takes_memory_and_the_variant_for_a_card_asks_for_one() -> None:
    assert (page().memory_bytes, page(embedding="gemma").memory_bytes) == (3 * 2**30, 2 * 2**30)
    assert (page().devices, page(variant="slim").devices) == ((), ())
    (card,) = page(variant="cuda").devices
    assert isinstance(card, DeviceRequest)
    assert (card.vendor, card.words) == ("nvidia", "cdi nvidia.com/gpu=all")


def test_a_page_with_its_own_model_needs_nobody_to_make_vectors() -> None:
    chats = tuple(offer for offer in engine().offers if not isinstance(offer, Embeddings))
    site = Site("home", Image("kit/open_webui:1", "pull", "1", 1))
    service = room_of("open_webui").resolve(OpenWebUI(kind="open_webui"), site, chats).service
    assert service.facts["embedding"] == OWN
    assert service.egress == "none"


def test_a_check_in_python_leaves_the_log_line_that_is_hidden() -> None:
    (line,) = python_probe(4000, "/health/liveliness", 90, "INFO: +").log_lines
    assert re.fullmatch(line, 'INFO:     127.0.0.1:41234 - "GET /health/liveliness HTTP/1.1" 200 OK')
    assert not re.fullmatch(line, 'INFO:     10.0.0.2:41234 - "GET /health/liveliness HTTP/1.1" 200 OK')
    (other,) = http_probe(4000, "/health/liveliness", 90, "INFO: +").log_lines
    assert re.fullmatch(other, 'INFO:     127.0.0.1:41234 - "GET /health/liveliness HTTP/1.0" 200 OK')
