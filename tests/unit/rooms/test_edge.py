"""The edge's decisions: listeners, ports, peers, the key, and offers for other hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.components.edge.artifacts import EdgeConfig
from deploy.decide.render import render
from deploy.decide.resolve import resolve, resolved_parts
from deploy.decide.view import offered_by, seen_from
from deploy.deployment.offers import ChatApi
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.errors import SpecError
from deploy.fields.service import Traits
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of

MAIN = {"name": "main", "kind": "ollama", "publish": "lan"}
SECOND = {"name": "second", "kind": "ollama", "port": 11500, "publish": "192.168.1.20"}
TECH = {"name": "tech", "engine": "main", "from": "llama3:8b"}


def spec_of(*engines: dict[str, Any], models: tuple[dict[str, Any], ...] = (), **parts: Any) -> Spec:
    data = {"kit": 1, "stack": "home", "backup": None, "gateway": None, "webui": None, **parts}
    return Spec.model_validate_json(json.dumps({**data, "engines": engines, "models": models}))


def services_of(*engines: dict[str, Any], **parts: Any) -> dict[str, Service]:
    spec = spec_of(*engines, **parts)
    return {service.name: service for service in resolve(spec, lock_of(spec))[HERE].services}


def config_of(edge: Service) -> EdgeConfig:
    found = edge.artifacts[0].context
    assert isinstance(found, EdgeConfig)
    return found


def test_an_engine_that_the_lan_reaches_stays_on_this_machine_and_the_edge_opens_its_port() -> None:
    services = services_of(MAIN, SECOND)
    assert services["main"].ports == (Port("127.0.0.1", 11434, 11434),)
    assert services["edge"].ports == (
        Port("192.168.1.20", 11434, 8100),
        Port("fd00::20", 11434, 8101),
        Port("192.168.1.20", 11500, 8102),
    )
    assert [(one.port, one.engine, one.upstream) for one in config_of(services["edge"]).listeners] == [
        (8100, "main", "main:11434"),
        (8101, "main", "main:11434"),
        (8102, "second", "second:11434"),
    ]


def test_an_engine_keeps_the_loopback_addresses_that_the_spec_names() -> None:
    services = services_of(MAIN | {"publish": ["::1", "192.168.1.20"]})
    assert services["main"].ports == (Port("::1", 11434, 11434),)
    assert [port.address for port in services["edge"].ports] == ["192.168.1.20"]
    assert [port.address for port in services_of(MAIN | {"publish": "all"})["edge"].ports] == [
        "192.168.1.20",
        "fd00::20",
    ]


def test_there_is_no_edge_where_no_engine_needs_one() -> None:
    assert list(services_of(MAIN | {"publish": "local"})) == ["main"]
    llama = {"name": "main", "kind": "llama_cpp", "threads": 1, "publish": "lan"}
    source = {"file": "m.gguf", "sha256": "a" * 64}
    services = services_of(llama, models=({"name": "m", "engine": "main", "from": source},))
    assert [port.address for port in services["main"].ports] == ["192.168.1.20", "fd00::20"]
    assert list(services) == ["main"]


def test_any_kind_without_authentication_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.components.llama_cpp.spec import LlamaCppEngine

    monkeypatch.setattr(LlamaCppEngine, "traits", Traits(9931, has_authentication=False, offers_chat=True))
    llama = {"name": "main", "kind": "llama_cpp", "threads": 1, "publish": "lan"}
    source = {"file": "m.gguf", "sha256": "a" * 64}
    spec = spec_of(llama, models=({"name": "m", "engine": "main", "from": source},))
    parts = resolved_parts(spec, lock_of(spec))
    assert config_of(parts.guards[-1].resolved.service).listeners[0].upstream == "main:8080"
    assert parts.guards[-1].resolved.offers[0].url == "http://192.168.1.20:9931/v1"


def test_nobody_is_a_peer_where_docker_hides_the_clients_address() -> None:
    edge = services_of(MAIN, edge={"peers": ["192.168.1.30", "10.8.0.0/24"]})["edge"]
    assert [one.peers for one in config_of(edge).listeners] == [("192.168.1.30", "10.8.0.0/24"), ()]
    spec = spec_of(MAIN, edge={"peers": ["192.168.1.30", "10.8.0.0/24"]})
    (text,) = (
        file.content for file in render(resolve(spec, lock_of(spec))[HERE]).files if file.path.endswith("Caddyfile")
    )
    assert text.count("remote_ip 192.168.1.30 10.8.0.0/24") == 1
    assert "remote_ip" not in text.partition("http://:8101 {")[2]


def caddyfile(**edge: object) -> str:
    spec = spec_of(MAIN, edge=edge) if edge else spec_of(MAIN)
    files = render(resolve(spec, lock_of(spec))[HERE]).files
    return next(file.content for file in files if file.path.endswith("Caddyfile"))


def test_the_header_of_anthropics_clients_is_taken_only_where_the_spec_says_so() -> None:
    plain, opened = caddyfile(), caddyfile(x_api_key=True)
    assert "X-Api-Key" not in plain
    assert caddyfile(x_api_key=False) == plain
    # Neither header reaches the engine, which must not see the key.
    assert (opened.count("header_up -X-Api-Key"), opened.count("header_up -Authorization")) == (1, 1)
    assert "{http.request.header.X-Api-Key} == {env.EDGE_KEY}" in opened


def test_the_key_is_a_secret_of_the_edge_that_no_file_and_no_setting_holds() -> None:
    edge = services_of(MAIN)["edge"]
    (use,) = edge.secrets
    assert (use.secret.name, use.secret.owner, use.variable) == ("edge_api_key", "edge", "EDGE_KEY")
    assert "EDGE_KEY" not in dict(edge.environment)
    assert services_of(MAIN, edge={"key": "env:MY_KEY"})["edge"].secrets[0].secret.reference == "env:MY_KEY"


def test_the_edge_has_nothing_that_it_does_not_need() -> None:
    edge = services_of(MAIN)["edge"]
    assert (edge.read_only, edge.capabilities, edge.egress, edge.mounts, edge.folders) == (True, (), "none", (), ())
    assert edge.owner.uid


def test_a_service_of_the_same_host_calls_the_engine_itself_and_one_of_another_host_the_edge() -> None:
    spec = spec_of(MAIN, models=(TECH,), gateway={"kind": "litellm"})
    parts = resolved_parts(spec, lock_of(spec))
    upstreams = [upstream["id"] for upstream in parts.fronts[0].resolved.service.facts["upstreams"]]
    assert upstreams == ["tech at http://main:11434"]
    offered = offered_by(parts.engines, parts.guards, ())
    (own,) = (each.offer for each in seen_from(HERE, offered))
    (other,) = (each.offer for each in seen_from("laptop", offered))
    assert isinstance(other, ChatApi)
    assert (own.url, own.key) == ("http://main:11434", None)
    assert (other.url, other.models, other.protocol) == ("http://192.168.1.20:11434", ("tech",), own.protocol)
    assert other.key is not None
    assert (other.key.name, other.is_outside, other.engine) == ("edge_api_key", True, "main")


def told(folder: Path, text: str) -> list[str]:
    path = folder / "kit.yaml"
    path.write_text(f"kit: 1\nstack: home\n{text}")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        ("box.lan", "neither an address such as 192.168.1.30 nor a network"),
        ("fd00::5", "is an address of IPv6, and Docker hides those; give that machine the key"),
        ("0.0.0.0/0", "is everybody, who then needs no key"),
        ("127.0.0.1", "is the host itself"),
        ("126.0.0.0/7", "is the host itself"),
        ("224.0.0.1", "is no address of a machine"),
        ("0.0.0.0", "is no address of a machine"),
        ("192.168.1.30/24", "is a machine of the network 192.168.1.0/24; write either of them alone"),
    ],
)
def test_a_peer_that_can_be_none_is_refused(tmp_path: Path, peer: str, words: str) -> None:
    engines = "engines: [{name: main, kind: ollama, publish: lan}]\n"
    (line,) = told(tmp_path, f"{engines}edge: {{peers: ['{peer}']}}\n")
    assert line.startswith("edge.peers[0]: ")
    assert words in line


def test_settings_of_an_edge_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "edge: {peers: [192.168.1.30]}\n")
    assert line.startswith(
        "edge: has no effect, for no engine without authentication is published; write `publish: lan`"
    )


def test_what_stands_at_the_engines_is_told_so(tmp_path: Path) -> None:
    engines = "engines: [{name: main, kind: ollama, publish: lan}]\n"
    lines = told(tmp_path, f"{engines}edge: {{publish: lan, CADDY_ADMIN: 'localhost:2019'}}\n")
    assert lines == [
        "edge.publish: stands at each engine: the edge opens an engine there",
        "edge.CADDY_ADMIN: the admin API is off, for it has no authentication; leave it out",
    ]


def test_an_engine_cannot_have_the_edges_name(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "engines: [{name: edge, kind: ollama, publish: lan}]\n")
    assert line == "engines[0].name: edge is already the name of the edge's service"
