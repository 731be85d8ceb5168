from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from deploy.agent.contract.inputs import ModelsRequest, Source
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.sources import models
from tests.unit.agent.engines.scripted import Asked, scripted

GGUF = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(GGUF).hexdigest()
CUT = len(GGUF) // 3


def request(folder: Path, url: str) -> ModelsRequest:
    source: Source = {"url": {"url": f"{url}/m.gguf?key=secret"}}
    return {
        "stack": "t",
        "root": str(folder / "root"),
        "run": "run-1",
        "cache": str(folder / "cache"),
        "models": [
            {
                "name": "tiny",
                "path": str(folder / "models" / "m.gguf"),
                "uid": os.getuid(),
                "gid": os.getgid(),
                "sha256": SHA256,
                "size": len(GGUF),
                "source": source,
            }
        ],
        "mirrors": {},
        "proxy": None,
        "ca": None,
        "uv": "uv",
    }


def test_a_file_at_an_address_is_placed_once_and_its_download_not_kept(tmp_path: Path, journal: Journal) -> None:
    with scripted(lambda asked: asked.answer(200, GGUF)) as server:
        asked = request(tmp_path, server.url)
        assert models.run(asked, journal)["changed"] is True
        assert models.run(asked, journal)["changed"] is False
    assert Path(asked["models"][0]["path"]).read_bytes() == GGUF
    assert len(server.asked) == 1
    assert list((tmp_path / "cache" / "downloads").iterdir()) == []
    assert "secret" not in journal.path.read_text()


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path: Path, journal: Journal) -> None:
    def cut(asked: Asked) -> None:
        asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(GGUF)}\r\n\r\n".encode())
        asked.send(b"" if "range" in asked.headers else GGUF[:CUT])

    def rest(asked: Asked) -> None:
        first = int(re.findall(r"bytes=(\d+)-", asked.headers["range"])[0])
        asked.send(f"HTTP/1.1 206 Partial\r\nContent-Length: {len(GGUF) - first}\r\n\r\n".encode() + GGUF[first:])

    with scripted(cut) as server, pytest.raises(AgentError, match="cannot be fetched"):
        models.run(request(tmp_path, server.url), journal)
    with scripted(rest) as server:
        models.run(request(tmp_path, server.url), journal)
    assert [asked.headers["range"] for asked in server.asked] == [f"bytes={CUT}-"]
    assert (tmp_path / "models" / "m.gguf").read_bytes() == GGUF


def test_another_file_at_the_address_is_refused_and_not_gone_on_with(tmp_path: Path, journal: Journal) -> None:
    with scripted(lambda asked: asked.answer(200, GGUF[:-1] + b"!")) as server:
        with pytest.raises(AgentError, match=r"expected sha256 .* from http") as error:
            models.run(request(tmp_path, server.url), journal)
        assert "secret" not in error.value.problem
    assert list((tmp_path / "models").iterdir()) == []
    with scripted(lambda asked: asked.answer(200, GGUF)) as server:
        assert models.run(request(tmp_path, server.url), journal)["changed"] is True
