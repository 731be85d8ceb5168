from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.sources import host_mirror

DEB822 = "Types: deb\n# old\nURIs: http://mirror.example/debian\nSuites: bookworm\n"
SECURITY = "\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n"


def apt(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_the_mirror_is_the_one_of_the_hosts_own_sources_in_the_new_form(tmp_path: Path) -> None:
    apt(tmp_path, "sources.list.d/debian.sources", DEB822 + SECURITY)
    assert host_mirror("debian", apt=tmp_path) == "http://mirror.example/debian"
    assert host_mirror("debian-security", apt=tmp_path) == "http://mirror.example/debian-security"


def test_the_mirror_is_the_one_of_the_hosts_own_sources_in_one_line_form(tmp_path: Path) -> None:
    lines = (
        "# deb http://no.example/debian x main\ndeb [arch=amd64 trusted=no] http://m.example/debian/ bookworm main\n"
    )
    assert host_mirror("debian", apt=apt(tmp_path, "sources.list", lines)) == "http://m.example/debian/"


def test_a_file_of_mirrors_as_cloud_images_have_it_is_followed(tmp_path: Path) -> None:
    listed = tmp_path / "mirrors.list"
    listed.write_text("http://cloud.example/debian\n")
    apt(tmp_path, "sources.list.d/debian.sources", f"Types: deb\nURIs: mirror+file:{listed}\nSuites: bookworm\n")
    assert host_mirror("debian", apt=tmp_path) == "http://cloud.example/debian"


def test_sources_without_debian_name_the_line_to_write(tmp_path: Path) -> None:
    apt(tmp_path, "sources.list.d/other.list", "deb http://x.example/apt stable main\n")
    with pytest.raises(AgentError) as error:
        host_mirror("debian", apt=tmp_path)
    assert "mirrors: {debian:" in error.value.next_step


def test_a_mirror_that_does_not_answer_is_named_with_the_proxy_and_what_to_do() -> None:
    mirrors = Mirrors("http://127.0.0.1:9/debian", None, "http://127.0.0.1:9", None)
    with pytest.raises(AgentError) as error:
        mirrors.debian_lines("bookworm")
    assert "http://127.0.0.1:9/debian (through the proxy http://127.0.0.1:9)" in error.value.problem
    assert all(word in error.value.next_step for word in ("mirrors", "proxy", "ca"))


@pytest.mark.parametrize(("suite", "frozen"), [("sid", True), ("testing", True), ("bookworm", False)])
def test_only_moving_suites_may_be_past_their_date(suite: str, frozen: bool) -> None:
    options = Mirrors(None, None, None, None).apt_options(suite)
    assert ('Acquire::Check-Valid-Until "false"' in options) is frozen


def test_programs_that_fetch_get_proxy_and_authorities_and_no_settings_of_a_persons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "http://else.example")
    monkeypatch.setenv("PIP_FIND_LINKS", "/somewhere")
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    environment = Mirrors(None, None, "http://proxy:3128", str(ca)).environment(tmp_path)
    assert environment["https_proxy"] == "http://proxy:3128"
    assert environment["SSL_CERT_FILE"] == str(ca)
    assert not [name for name in environment if name.startswith(("UV_", "PIP_"))]


def test_authorities_that_are_not_there_are_refused_before_anything_is_fetched() -> None:
    with pytest.raises(AgentError, match="not a file on this host"):
        Mirrors.of({"mirrors": {}, "proxy": None, "ca": "/does/not/exist", "uv": "uv", "cache": "/none"})
