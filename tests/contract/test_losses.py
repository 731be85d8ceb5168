"""The double where a layer is lost, a name ends in a place, or the disk is full; read in the engine's source.

None of it can be asked of a real engine without reaching into its folder.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.replay import Answer, ask, comparable
from tests.contract.toys import toy
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings

GGUF = toy(template=False)
SHA256 = hashlib.sha256(GGUF).hexdigest()


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    given = {"OLLAMA_HOST": "127.0.0.1:0", "OLLAMA_MODELS": str(folder), "OLLAMA_NO_CLOUD": "1", **environment}
    with Server(Settings.of(given)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def post(server: Server, path: str, **document: Any) -> Answer:
    return ask(server.url, "POST", path, json.dumps(document).encode())


def made(server: Server, name: str = "tiny") -> None:
    assert ask(server.url, "POST", f"/api/blobs/sha256:{SHA256}", GGUF).status in (200, 201)
    answer = post(server, "/api/create", model=name, files={"model.gguf": f"sha256:{SHA256}"}, system="Be brief.")
    assert json.loads(answer.lines[-1]) == {"status": "success"}, answer.lines


def layer(server: Server, kind: str) -> Path:
    (manifest,) = server.store.models().values()
    return server.store.blob(manifest.of_kind(kind)[0].digest)


def chatted(server: Server) -> tuple[int, str]:
    answer = post(server, "/api/chat", model="tiny", messages=[{"role": "user", "content": "hi"}], stream=False)
    return answer.status, json.loads(answer.lines[0])["error"]


def names(server: Server) -> list[str]:
    return [one["name"] for one in json.loads(ask(server.url, "GET", "/api/tags").lines[0])["models"]]


@pytest.mark.parametrize(("kind", "status"), [("model", 400), ("system", 404)])
def test_a_lost_layer_is_listed_not_shown_and_not_asked(tmp_path: Path, kind: str, status: int) -> None:
    with serving(tmp_path) as server:
        made(server)
        assert names(server) == ["tiny:latest"]
        layer(server, kind).unlink()
        assert names(server) == ["tiny:latest"]
        assert post(server, "/api/show", model="tiny").status == 404
        assert chatted(server)[0] == status


def test_what_was_asked_for_without_its_file_refuses_until_the_engine_starts_anew(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        made(server)
        layer(server, "model").unlink()
        assert chatted(server) == (400, '"tiny" does not support chat')
        made(server)
        assert post(server, "/api/show", model="tiny").status == 200
        assert chatted(server) == (400, '"tiny" does not support chat')
    with serving(tmp_path) as server:
        # Without llama-server behind it no answer comes, but it is tried.
        assert "does not support chat" not in chatted(server)[1]


def test_a_model_that_was_shown_is_shown_from_memory_unless_a_request_brings_something_of_its_own(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        made(server)
        assert post(server, "/api/show", model="tiny").status == 200
        layer(server, "model").unlink()
        assert post(server, "/api/show", model="tiny").status == 200
        assert post(server, "/api/show", model="tiny", options={"num_ctx": 1}).status == 404


@pytest.mark.parametrize("tag", ["local", "LOCAL"])
def test_a_tag_that_says_where_is_taken_off_when_a_model_is_asked_for(tmp_path: Path, tag: str) -> None:
    with serving(tmp_path) as server:
        made(server, f"x:{tag}")
        assert names(server) == [f"x:{tag}"]
        assert post(server, "/api/show", model=f"x:{tag}").status == 404
        assert ask(server.url, "DELETE", "/api/delete", json.dumps({"model": f"x:{tag}"}).encode()).status == 404


@pytest.mark.parametrize("name", ["x:cloud", "x:20b-cloud", "x:20B-Cloud"])
def test_a_name_of_the_cloud_is_never_looked_for_here(tmp_path: Path, name: str) -> None:
    with serving(tmp_path) as server:
        made(server, name)
        answer = post(server, "/api/show", model=name)
        assert (answer.status, "cloud is disabled" in answer.lines[0]) == (403, True)


@pytest.mark.parametrize(
    ("room", "words"), [(1.5, "llama-quantize failed: exit status 1"), (2.5, "no space left on device")]
)
def test_an_import_takes_its_file_twice_more_and_says_little_of_a_full_disk(
    tmp_path: Path, room: float, words: str
) -> None:
    with serving(tmp_path, DOUBLE_DISK_BYTES=str(int(room * len(GGUF)))) as server:
        assert ask(server.url, "POST", f"/api/blobs/sha256:{SHA256}", GGUF).status == 201
        answer = post(server, "/api/create", model="tiny", files={"model.gguf": f"sha256:{SHA256}"})
        assert words in json.loads(answer.lines[-1])["error"]
        assert names(server) == []


def test_the_double_says_any_version_and_a_recording_asks_for_none(tmp_path: Path) -> None:
    with serving(tmp_path, DOUBLE_VERSION="0.33.0-rc2") as server:
        answer = ask(server.url, "GET", "/api/version")
        assert json.loads(answer.lines[0]) == {"version": "0.33.0-rc2"}
        assert comparable(answer.lines) == comparable(['{"version":"0.0.0"}'])
