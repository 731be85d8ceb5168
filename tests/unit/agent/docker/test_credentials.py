"""Logins as `docker login` keeps them: in its file, or in a helper, which is a program of its own."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.credentials import DOCKERS_OWN, Login, login_of

HELPER = """#!/bin/sh
[ "$1" = get ] || exit 2
read -r server || true
case $server in
    known.lan) printf '{"ServerURL": "known.lan", "Username": "ada", "Secret": "s3cret"}' ;;
    token.lan) printf '{"ServerURL": "token.lan", "Username": "<token>", "Secret": "t0ken"}' ;;
    broken.lan) printf 'no JSON' ;;
    *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def write(folder: Path, **config: Any) -> None:
    (folder / "config.json").write_text(json.dumps(config))


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("registry.lan:5000", "registry.lan:5000"),
        ("https://registry.lan:5000", "registry.lan:5000"),
        ("https://registry.lan:5000/v2/", "registry.lan:5000"),
        (DOCKERS_OWN, ""),
    ],
)
def test_a_login_is_found_by_any_name_that_docker_writes(written: str, host: str, folder: Path) -> None:
    write(folder, auths={"other.lan": auth("eve", "x"), written: auth("ada", "a:b ü")})
    found = login_of(host)
    assert found == Login(host or DOCKERS_OWN, "ada", "a:b ü")
    assert login_of("registry.lan") is None
    header = json.loads(base64.urlsafe_b64decode(found.header()))
    assert header == {"username": "ada", "password": "a:b ü", "serveraddress": host or DOCKERS_OWN}
    assert base64.b64decode(found.basic().removeprefix("Basic ")).decode() == "ada:a:b ü"


def test_without_docker_config_the_file_is_in_the_home(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".docker").mkdir()
    write(folder / ".docker", auths={"registry.lan": auth("ada", "x")})
    assert login_of("registry.lan") == Login("registry.lan", "ada", "x")


@pytest.mark.parametrize("config", ["", "{", "[]", '{"auths": []}', '{"auths": {"registry.lan": "x"}}'])
def test_a_file_without_a_login_is_as_none(config: str, folder: Path) -> None:
    assert login_of("registry.lan") is None
    (folder / "config.json").write_text(config)
    assert login_of("registry.lan") is None


@pytest.mark.parametrize("entry", [{}, {"auth": ""}, {"auth": "%%%"}, {"auth": "YQ=="}, {"auth": 7}, {"auth": "//79"}])
def test_an_entry_that_holds_no_password_is_no_login(entry: dict[str, Any], folder: Path) -> None:
    write(folder, auths={"registry.lan": entry})
    assert login_of("registry.lan") is None


def test_a_token_in_the_file_goes_to_docker_and_never_as_a_password(folder: Path) -> None:
    write(folder, auths={"registry.lan": {**auth("00000000", ""), "identitytoken": "t0ken"}})
    found = login_of("registry.lan")
    assert found is not None
    assert (found.user, found.token) == ("", "t0ken")
    assert json.loads(base64.urlsafe_b64decode(found.header()))["identitytoken"] == "t0ken"


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper_is_asked_and_the_file_counts_where_it_knows_nothing(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker-credential-mine").write_text(HELPER)
    (folder / "docker-credential-mine").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    hosts = ("known.lan", "token.lan", "broken.lan", "other.lan")
    write(
        folder,
        auths={"other.lan": auth("bob", "x")},
        **{key: "mine" if key == "credsStore" else dict.fromkeys(hosts, "mine")},
    )
    assert login_of("known.lan") == Login("known.lan", "ada", "s3cret")
    assert login_of("token.lan") == Login("token.lan", "", "", "t0ken")
    assert login_of("broken.lan") is None
    assert login_of("other.lan") == Login("other.lan", "bob", "x")


@pytest.mark.parametrize("helper", ["gone", "../mine", "a b", 7])
def test_a_helper_that_cannot_be_asked_is_no_login(helper: Any, folder: Path) -> None:
    write(folder, credsStore=helper)
    assert login_of("registry.lan") is None
