from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.agent.docker.credentials import Login
from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries.registry import PulledImage, resolve_image
from tests.little_registry import AMD64, ARM64, TOKEN, LittleRegistry, digest_of, manifest, platforms


@pytest.fixture
def registry() -> Iterator[LittleRegistry]:
    with LittleRegistry().served() as served:
        yield served


@pytest.fixture(autouse=True)
def logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Docker's logins, with none in it."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def log_in(folder: Path, host: str, user: str, password: str) -> None:
    """Keep a login as `docker login` does."""
    known = base64.b64encode(f"{user}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": known}}}))


def problem(reference: str, fetch: Fetch | None = None) -> KitError:
    with pytest.raises(KitError) as error:
        resolve_image(reference, fetch or Fetch())
    assert error.value.next_step
    return error.value


def test_a_tag_is_locked_by_the_digest_of_its_manifest_and_weighs_its_parts(registry: LittleRegistry) -> None:
    digest = registry.put("x/y", "1.2", manifest(100, 20))
    name = f"{registry.host}/x/y"
    assert resolve_image(f"{name}:1.2", Fetch()) == PulledImage(name, digest, 127)
    assert resolve_image(f"{name}@{digest}", Fetch()) == PulledImage(name, digest, 127)


def test_a_list_of_platforms_is_locked_by_its_own_digest_and_weighs_what_this_platform_fetches(
    registry: LittleRegistry,
) -> None:
    proof, arm, amd = manifest(1), manifest(1000), manifest(50)
    for content in (proof, arm, amd):
        registry.put("x/y", "of-one", content)
    unknown = {"os": "unknown", "architecture": "unknown"}
    listed = platforms(proof=proof, proof_on=unknown, arm=arm, arm_on=ARM64, amd=amd, amd_on=AMD64)
    digest = registry.put("x/y", "1", listed)
    assert resolve_image(f"{registry.host}/x/y:1", Fetch()) == PulledImage(f"{registry.host}/x/y", digest, 57)


def test_an_image_without_this_platform_is_refused_with_those_that_it_has(registry: LittleRegistry) -> None:
    arm = manifest(1000)
    registry.put("x/y", "1", platforms(arm=arm, arm_on=ARM64))
    assert "no x/y:1 for linux/amd64, only for linux/arm64" in problem(f"{registry.host}/x/y:1").problem


@pytest.mark.parametrize(
    ("written", "path", "folder"),
    [("ollama/ollama:1", "ollama/ollama", ""), ("debian:1", "library/debian", ""), ("a/b:1", "a/b", "/hub")],
)
def test_a_mirror_stands_for_the_default_registry_and_stays_out_of_the_lock(
    written: str, path: str, folder: str, registry: LittleRegistry
) -> None:
    registry.put(f"{folder}/{path}".lstrip("/"), "1", manifest(3))
    found = resolve_image(written, Fetch(registry=f"{registry.url}{folder}/"))
    assert found == PulledImage(written.removesuffix(":1"), digest_of(manifest(3)), 10)


def test_a_mirror_of_another_public_registry_is_asked_in_its_place_and_named_when_it_fails(
    registry: LittleRegistry,
) -> None:
    digest = registry.put("gh/x/y", "1", manifest(3))
    fetch = Fetch(ghcr=f"{registry.url}/gh")
    assert resolve_image("ghcr.io/x/y:1", fetch) == PulledImage("ghcr.io/x/y", digest, 10)
    registry.instead["/v2/gh/"] = (500, {}, b"")
    assert "`mirrors: {ghcr: ...}`" in problem("ghcr.io/x/y:1", fetch).next_step


@pytest.mark.parametrize("answer", [{"token": TOKEN}, {"access_token": TOKEN, "expires_in": 60}])
def test_a_registry_that_wants_a_token_gets_one_from_where_it_says(
    answer: dict[str, str], registry: LittleRegistry
) -> None:
    amd = manifest(50)
    registry.put("x/y", "0", amd)
    registry.put("x/y", "1", platforms(amd=amd, amd_on=AMD64))
    registry.realm, registry.token_answer = f"{registry.url}/token", answer
    assert resolve_image(f"{registry.host}/x/y:1", Fetch()).size_bytes == 57
    assert [path.split("?")[0].rpartition("/")[2] for path, _ in registry.asked][:3] == ["1", "token", "1"]


@pytest.mark.parametrize("answer", [{}, {"token": ""}, {"token": "a\nb"}, ["token"], {"token": 7}, {"token": "wrong"}])
def test_a_token_that_does_not_open_is_a_refusal(answer: object, registry: LittleRegistry) -> None:
    registry.realm, registry.token_answer = f"{registry.url}/token", answer or {"no": "token"}
    found = problem(f"{registry.host}/x/y:1")
    assert f"the registry {registry.url} refuses" in found.problem
    assert "without an account" in found.next_step


@pytest.mark.parametrize("has_token_server", [True, False])
def test_a_private_image_is_asked_for_with_the_login_that_docker_has(
    has_token_server: bool, registry: LittleRegistry, logins: Path
) -> None:
    digest = registry.put("x/y", "1", manifest(3))
    registry.login = Login(registry.host, "ada", "s3cret").basic()
    registry.realm = f"{registry.url}/token" if has_token_server else ""
    refused = problem(f"{registry.host}/x/y:1")
    assert "401" in refused.problem
    assert f"without an account: check that the name is right, or type: docker login {registry.host}" in (
        refused.next_step
    )

    log_in(logins, registry.host, "ada", "wrong")
    assert "with the login that Docker has here" in problem(f"{registry.host}/x/y:1").next_step
    log_in(logins, registry.host, "ada", "s3cret")
    assert resolve_image(f"{registry.host}/x/y:1", Fetch()) == PulledImage(f"{registry.host}/x/y", digest, 10)


def test_no_password_goes_to_a_public_registry_or_to_another_one(registry: LittleRegistry, logins: Path) -> None:
    registry.put("x/y", "1", manifest(3))
    log_in(logins, "other.lan", "ada", "s3cret")
    log_in(logins, registry.host, "ada", "s3cret")
    assert resolve_image(f"{registry.host}/x/y:1", Fetch()).size_bytes == 10
    assert not any("Authorization" in headers for _, headers in registry.asked)


def test_an_image_without_a_list_is_refused_for_another_platform(registry: LittleRegistry) -> None:
    registry.put("x/y", "1", manifest(3))
    config = f"/v2/x/y/blobs/sha256:{7:064x}"
    registry.has[config] = b'{"os": "linux", "architecture": "arm64"}'
    assert "no x/y:1 for linux/amd64, only for linux/arm64" in problem(f"{registry.host}/x/y:1").problem
    registry.has[config] = b'{"os": "linux", "architecture": "amd64"}'
    assert resolve_image(f"{registry.host}/x/y:1", Fetch()).size_bytes == 10


@pytest.mark.parametrize("realm", ["", "ftp://127.0.0.1/token", "/token", "http://elsewhere.invalid/\x1b[31m"])
def test_a_token_is_asked_for_at_an_address_of_the_web_alone(realm: str, registry: LittleRegistry) -> None:
    asks = f'Bearer realm="{realm}"'.replace("\x1b", "%1b")
    registry.instead["/v2/"] = (401, {"WWW-Authenticate": asks}, b"")
    assert problem(f"{registry.host}/x/y:1").next_step


@pytest.mark.parametrize(
    ("status", "headers", "said", "next_step"),
    [
        (401, {"WWW-Authenticate": 'Basic realm="r"'}, "refuses: x/y:1: 401 (because)", "without an account"),
        (403, {}, "refuses: x/y:1: 403 (because)", "mirrors: {registry: ...}"),
        (404, {}, "has no x/y:1: 404 (because)", "the name and the tag"),
        (429, {"Retry-After": "30"}, "limits requests: 429 (because)", "try again in 30 s"),
        (429, {}, "limits requests: 429 (because)", "mirrors: {registry: ...}"),
        (500, {}, "fails for x/y:1: 500 (because)", "proxy:"),
        (204, {}, "fails for x/y:1: 204", "check the network"),
    ],
)
def test_what_a_registry_refuses_is_told_with_its_words_and_what_to_do(
    status: int, headers: dict[str, str], said: str, next_step: str, registry: LittleRegistry
) -> None:
    body = b'{"errors": [{"code": "X", "message": "because"}]}' if status != 204 else b""
    registry.instead["/v2/"] = (status, headers, body)
    found = problem("x/y:1", Fetch(registry=registry.url))
    assert found.problem == f"the registry {registry.url} {said}"
    assert next_step in found.next_step


def test_words_of_a_registry_do_nothing_to_a_terminal(registry: LittleRegistry) -> None:
    assert problem(f"{registry.host}/x/y:1").problem.endswith("404 (manifest?[31m unknown)")


LAYER = '{"mediaType": "l", "digest": "sha256:%s", "size": %s}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[2]", "no manifest of the second schema"),
        (b'{"schemaVersion": 1}', "no manifest of the second schema"),
        (b'{"schemaVersion": 2}', "names no configuration and layers"),
        (b'{"schemaVersion": 2, "config": {}, "layers": []}', "names no configuration and layers"),
        (f'{{"schemaVersion": 2, "config": {LAYER % ("a" * 64, -1)}, "layers": []}}'.encode(), "gives no sizes"),
        (f'{{"schemaVersion": 2, "config": {LAYER % ("a" * 64, 2**70)}, "layers": []}}'.encode(), "gives no sizes"),
        (f'{{"schemaVersion": 2, "config": {LAYER % ("a" * 64, 1)}}}'.encode(), "names no configuration and layers"),
        (b'{"schemaVersion": 2, "manifests": [1, {}, {"platform": 2}]}', "only for none"),
        (b"{" + b" " * 2**22, "more than 4194304 bytes"),
    ],
)
def test_garbage_is_told_as_what_it_is(body: bytes, said: str, registry: LittleRegistry) -> None:
    registry.instead["/v2/"] = (200, {}, body)
    found = problem(f"{registry.host}/x/y:1")
    assert said in found.problem
    assert registry.url in found.problem


def test_bytes_that_are_not_those_of_the_digest_are_refused(registry: LittleRegistry) -> None:
    registry.instead["/v2/"] = (200, {}, manifest(1))
    wrong = f"sha256:{'0' * 64}"
    assert f"{digest_of(manifest(1))} instead of {wrong}" in problem(f"{registry.host}/x/y@{wrong}").problem
    registry.instead["/v2/"] = (200, {"Docker-Content-Digest": wrong}, manifest(1))
    assert f"instead of {wrong}" in problem(f"{registry.host}/x/y:1").problem


def test_a_connection_that_is_cut_is_a_registry_that_does_not_answer(registry: LittleRegistry) -> None:
    registry.instead["/v2/"] = (200, {"Content-Length": "1000"}, b'{"schemaVersion"')
    assert "does not answer: it ended after 16 of 1000 bytes" in problem(f"{registry.host}/x/y:1").problem


def test_nobody_there_is_told_with_the_way_that_was_tried() -> None:
    found = problem("x/y:1", Fetch(registry="http://127.0.0.1:9"))
    assert found.problem == "the registry http://127.0.0.1:9 does not answer: Connection refused"
    assert "mirrors: {registry: ...}" in found.next_step
    through = Fetch(registry="http://registry.invalid", proxy="http://127.0.0.1:9")
    assert "(through the proxy http://127.0.0.1:9) does not answer" in problem("x/y:1", through).problem


def test_a_proxy_is_asked_for_what_is_not_on_this_machine(registry: LittleRegistry) -> None:
    registry.put("x/y", "1", manifest(1))
    fetch = Fetch(registry="http://registry.invalid", proxy=registry.url)
    assert resolve_image("x/y:1", fetch).size_bytes == 8
    assert registry.asked[0][0] == "http://registry.invalid/v2/x/y/manifests/1"
    assert resolve_image(f"{registry.host}/x/y:1", Fetch(proxy="http://127.0.0.1:9")).size_bytes == 8


@dataclass(frozen=True)
class Authority:
    file: str
    tls: ssl.SSLContext


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    key, certificate = folder / "key.pem", folder / "ca.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    return Authority(str(certificate), tls)


def test_a_registry_is_trusted_by_the_authorities_that_the_spec_names(authority: Authority) -> None:
    with LittleRegistry().served(authority.tls) as registry:
        registry.put("x/y", "1", manifest(1))
        assert "certificate verify failed" in problem("x/y:1", Fetch(registry=registry.url)).problem
        assert resolve_image("x/y:1", Fetch(registry=registry.url, ca=authority.file)).size_bytes == 8


def test_https_does_not_lead_to_plain_http(authority: Authority, registry: LittleRegistry) -> None:
    registry.put("x/y", "1", manifest(1))
    with LittleRegistry().served(authority.tls) as safe:
        safe.instead["/v2/"] = (307, {"Location": f"{registry.url}/v2/x/y/manifests/1"}, b"")
        found = problem("x/y:1", Fetch(registry=safe.url, ca=authority.file)).problem
    assert f"leads from HTTPS to http at {registry.host}" in found
    assert registry.asked == []


def test_a_token_goes_to_nobody_but_the_registry_that_asked_for_it(registry: LittleRegistry) -> None:
    with LittleRegistry().served() as other:
        digest = other.put("x/y", "1", manifest(1))
        registry.realm = f"{registry.url}/token"
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        registry.put("x/y", "1", platforms(amd=manifest(1), amd_on=AMD64))
        there = {"Location": f"{elsewhere}/v2/x/y/manifests/1"}
        registry.instead[f"/v2/x/y/manifests/{digest}"] = (307, there, b"")
        assert resolve_image(f"{registry.host}/x/y:1", Fetch()).size_bytes == 8
    assert "Authorization" in registry.asked[-1][1]
    assert "Authorization" not in other.asked[0][1]
