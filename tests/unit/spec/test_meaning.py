"""Values mean what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.fields.backup import BackupSpec
from deploy.fields.service import ServiceSpec, Traits
from deploy.reading.document import path_text
from deploy.spec.checks.crosschecks import publishing_is_safe, webui_has_a_back_end
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from deploy.spec.placed import services
from tests.tree import REPOSITORY

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
SHORTEST = f"""\
kit: 1
stack: home
engines: [{{name: main, kind: llama_cpp, threads: 1}}]
models: [{{name: gemma, engine: main, from: {{file: gemma.gguf, sha256: {SHA256}}}}}]
backup: null
"""


def loaded(folder: Path, text: str) -> Spec:
    path = folder / "kit.yaml"
    path.write_text(text)
    return load_spec(path)


def test_the_quickstart_is_the_deployment_of_the_readme() -> None:
    spec = load_spec(REPOSITORY / "inventories/quickstart/kit.yaml")
    assert spec.stack == "quickstart"
    assert [engine.name for engine in spec.engines] == ["main"]
    assert spec.models[0].model_dump()["from_"]["sha256"] == SHA256
    assert spec.webui is not None
    assert spec.webui.embedding == "gemma"


def test_gateway_and_web_ui_are_there_unless_they_are_null(tmp_path: Path) -> None:
    left_out = loaded(tmp_path, SHORTEST)
    assert [service.name for service in services(left_out)] == ["main", "litellm", "open_webui"]
    nulled = loaded(tmp_path, SHORTEST + "gateway: null\nwebui: null\n")
    assert [service.name for service in services(nulled)] == ["main"]


def test_two_lines_are_a_whole_kit_yaml_with_a_daily_backup(tmp_path: Path) -> None:
    shortest = loaded(tmp_path, "kit: 1\nstack: home\n")
    assert shortest == loaded(tmp_path, "kit: 1\nstack: home\nbackup: {}\n")
    assert (shortest.backup, shortest.hosts, shortest.models) == (BackupSpec(), {}, ())
    assert [service.name for service in services(shortest)] == ["main", "litellm", "open_webui"]
    assert loaded(tmp_path, "kit: 1\nstack: home\nbackup: null\n").backup is None


@pytest.mark.parametrize(
    ("section", "is_backed_up"),
    [
        ('models: [{name: "llama3.2:3b", engine: main}]', True),
        ("images: {source: pull}", True),
        ("hosts: {here: {}}", False),
        ("engines: [{name: main, kind: ollama}]", False),
        ("gateway: {kind: litellm}", False),
        ("webui: null", False),
    ],
)
def test_a_kit_yaml_that_places_a_service_has_the_backup_that_it_writes(
    tmp_path: Path, section: str, is_backed_up: bool
) -> None:
    assert bool(loaded(tmp_path, f"kit: 1\nstack: home\n{section}\n").backup) is is_backed_up


def test_a_kind_that_is_the_only_one_need_not_be_written(tmp_path: Path) -> None:
    spec = loaded(tmp_path, SHORTEST + "gateway: {port: 4971}\nwebui: {}\n")
    assert spec.gateway is not None
    assert spec.webui is not None
    assert (spec.gateway.kind, spec.gateway.port, spec.webui.kind) == ("litellm", 4971, "open_webui")
    for kind, meant in (("litelm", " (did you mean litellm?)"), ("ollama", "")):
        with pytest.raises(SpecError) as caught:
            loaded(tmp_path, f"{SHORTEST}gateway: {{kind: {kind}}}\n")
        assert caught.value.problems[0].message == f"'{kind}' is not litellm{meant}"


def test_sizes_and_durations_become_bytes_and_seconds(tmp_path: Path) -> None:
    text = SHORTEST.replace("threads: 1", "threads: 1, memory: 4GiB, health_timeout: 2m")
    (engine, *_) = loaded(tmp_path, text).services
    assert (engine.memory, engine.health_timeout) == (4 * 2**30, 120)


@pytest.mark.parametrize("name", ["yes", "no", "on", "off", "null-1", "y"])
def test_a_word_that_older_yaml_takes_for_a_truth_is_a_name(tmp_path: Path, name: str) -> None:
    text = SHORTEST.replace("home", name)
    assert loaded(tmp_path, text).stack == name


@pytest.mark.parametrize("version", ["1.10", "2", "1.0", "'1.0'", "0.9.0"])
def test_a_version_that_looks_like_a_number_keeps_its_digits(tmp_path: Path, version: str) -> None:
    source = f"{{pip: x, version: {version}, sha256: {SHA256}}}"
    spec = loaded(tmp_path, SHORTEST.replace(f"{{file: gemma.gguf, sha256: {SHA256}}}", source))
    assert spec.models[0].model_dump()["from_"]["version"] == version.strip("'")


@pytest.mark.parametrize(("written", "meant"), [("0.2", 0.2), ("1", 1.0), ("2e-1", 0.2), (".5", 0.5), ("-0", 0.0)])
def test_a_decimal_is_a_number_where_one_is_wanted(tmp_path: Path, written: str, meant: float) -> None:
    text = SHORTEST.replace("kind: llama_cpp, threads: 1", "kind: ollama")
    text = text.replace("{name: gemma,", f"{{name: gemma, temperature: {written},")
    assert loaded(tmp_path, text).models[0].temperature == meant


@pytest.mark.parametrize("written", ["1,5", "1.5.0", ".", "1e999", "nan", ".inf", "0x1", "1_0.0"])
def test_what_only_resembles_a_decimal_is_refused(tmp_path: Path, written: str) -> None:
    text = SHORTEST.replace("kind: llama_cpp, threads: 1", "kind: ollama")
    with pytest.raises(SpecError, match="valid number"):
        loaded(tmp_path, text.replace("{name: gemma,", f'{{name: gemma, temperature: "{written}",'))


@pytest.mark.parametrize("user", ["1000:1000", "60:59"])
def test_an_owner_is_no_number_to_the_base_of_sixty(tmp_path: Path, user: str) -> None:
    assert loaded(tmp_path, SHORTEST.replace("threads: 1", f"threads: 1, user: {user}")).services[0].user == user


@pytest.mark.parametrize("digest", ["1" * 64, "0" * 64, "12e4" * 16, "1" * 62 + "e1"])
def test_a_digest_that_looks_like_a_number_keeps_its_digits(tmp_path: Path, digest: str) -> None:
    assert loaded(tmp_path, SHORTEST.replace(SHA256, digest)).models[0].model_dump()["from_"]["sha256"] == digest


def test_a_multicast_or_mapped_address_is_no_address_to_publish_on(tmp_path: Path) -> None:
    for address in (
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "fe80::1",
        "'::'",
        "'::ffff:0.0.0.0'",
        "'fe80::1%eth0'",
        "example.org",
        "10.0.0.256",
    ):
        with pytest.raises(SpecError, match=r"webui\.publish"):
            loaded(tmp_path, SHORTEST + f"webui: {{kind: open_webui, publish: {address}}}\n")
    spec = loaded(tmp_path, SHORTEST + "webui: {kind: open_webui, publish: '::ffff:10.0.0.1'}\n")
    assert spec.webui is not None
    assert spec.webui.publish == "10.0.0.1"


def test_what_asks_nobody_for_a_key_is_never_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_all = Traits(1, has_authentication=False)
    written = SHORTEST.replace("threads: 1", "threads: 1, publish: 10.0.0.1") + "webui: {publish: 10.0.0.1}\n"
    spec = loaded(tmp_path, written)
    assert list(publishing_is_safe(spec)) == []
    assert list(webui_has_a_back_end(spec.model_copy(update={"gateway": None}))) == []
    monkeypatch.setattr(type(spec.engines[0]), "traits", open_to_all)
    monkeypatch.setattr(type(spec.webui), "traits", open_to_all)
    assert spec.guarded == spec.engines
    assert [path_text(found.path) for found in publishing_is_safe(spec)] == ["webui.publish"]
    alone = spec.model_copy(update={"gateway": None})
    assert [found.text() for found in webui_has_a_back_end(alone)] == [
        "no engine offers chat by itself; write a `gateway`"
    ]


def test_every_kind_says_what_cross_checks_ask() -> None:
    kinds = ServiceSpec.__subclasses__()
    assert len(kinds) >= 3
    ports = [kind.traits.default_port for kind in kinds]
    assert len(set(ports)) == len(ports)


def test_a_fault_in_one_engine_hides_no_fault_elsewhere_and_invents_none(tmp_path: Path) -> None:
    faulty = SHORTEST.replace("threads: 1", "threads: none").replace("engine: main", "engine: other")
    with pytest.raises(SpecError) as caught:
        loaded(tmp_path, faulty + "webui: {kind: open_webui, port: 4000}\n")
    assert [problem.path for problem in caught.value.problems] == [
        "engines[0]",
        "engines[0].threads",
        "models[0].engine",
        "webui.port",
    ]
    two = faulty.replace("}]\nmodels", "}, {name: more, kind: llama_cpp, threads: 1}]\nmodels")
    with pytest.raises(SpecError) as caught:
        loaded(tmp_path, two + "webui: {kind: open_webui, port: 4000}\n")
    assert [problem.path for problem in caught.value.problems] == [
        "engines[0]",
        "engines[0].threads",
        "engines[1]",
        "engines[1].port",
        "models[0].engine",
        "webui.port",
    ]
