from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries.pypi import trusted
from deploy.registries.wheels import resolve_wheels
from deploy.sources.pip.measured import fetch_wheel
from tests.wheelhouse import Wheelhouse


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Iterator[Wheelhouse]:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    with Wheelhouse(tmp_path / "index").served() as served:
        yield served


def test_requirements_become_one_hashed_wheel_each_with_what_they_need(wheelhouse: Wheelhouse) -> None:
    needed = wheelhouse.add("needed", "2.0", {"needed.py": b""})
    asked = wheelhouse.add("asked", "1.0", {"asked.py": b""}, needs="needed")
    assert resolve_wheels(("asked==1.0",), (), "3.11", Fetch(pypi=wheelhouse.url)) == (asked, needed)


def test_known_packages_stay_where_the_requirements_allow_it(wheelhouse: Wheelhouse) -> None:
    fetch = Fetch(pypi=wheelhouse.url)
    wheelhouse.add("asked", "1.0", {"asked.py": b""}, needs="needed")
    wheelhouse.add("needed", "2.0", {"needed.py": b""})
    known = resolve_wheels(("asked",), (), "3.11", fetch)
    asked = wheelhouse.add("asked", "3.0", {"asked.py": b""}, needs="needed")
    needed = wheelhouse.add("needed", "4.0", {"needed.py": b""})
    assert resolve_wheels(("asked",), (), "3.11", fetch, known) == known
    assert resolve_wheels(("asked",), (), "3.11", fetch) == (asked, needed)
    assert resolve_wheels(("asked",), (), "3.11", fetch, known[1:]) == (asked, known[1])
    assert resolve_wheels(("asked>=3",), (), "3.11", fetch, known) == (asked, known[1])


def test_a_better_wheel_that_was_added_to_a_release_moves_nothing(wheelhouse: Wheelhouse) -> None:
    fetch = Fetch(pypi=wheelhouse.url)
    wheelhouse.add("fast", "1.0", {"fast.py": b""})
    known = resolve_wheels(("fast",), (), "3.11", fetch)
    better = wheelhouse.add("fast", "1.0", {"fast.py": b"l"}, "cp311-cp311-manylinux_2_17_x86_64")
    assert resolve_wheels(("fast",), (), "3.11", fetch, known) == known
    assert resolve_wheels(("fast",), (), "3.11", fetch) == (better,)


def test_an_override_leaves_a_package_out(wheelhouse: Wheelhouse) -> None:
    wheelhouse.add("heavy", "2.0", {"heavy.py": b""})
    asked = wheelhouse.add("asked", "1.0", {"asked.py": b""}, needs="heavy")
    found = resolve_wheels(("asked==1.0",), ("heavy; python_version < '3'",), "3.11", Fetch(pypi=wheelhouse.url))
    assert found == (asked,)


def test_the_wheel_that_fits_the_platform_best_is_taken(wheelhouse: Wheelhouse) -> None:
    wheelhouse.add("fast", "1.0", {"fast.py": b""})
    wheelhouse.add("fast", "1.0", {"fast.py": b"m"}, "cp311-cp311-macosx_11_0_arm64")
    wheelhouse.add("fast", "1.0", {"fast.py": b"o"}, "cp311-cp311-manylinux_2_99_x86_64")
    best = wheelhouse.add("fast", "1.0", {"fast.py": b"l"}, "cp311-cp311-manylinux_2_17_x86_64")
    assert resolve_wheels(("fast==1.0",), (), "3.11", Fetch(pypi=wheelhouse.url)) == (best,)


def test_a_package_without_a_wheel_for_the_platform_is_named(wheelhouse: Wheelhouse) -> None:
    wheelhouse.add("elsewhere", "1.0", {"e.py": b""}, "cp311-cp311-macosx_11_0_arm64")
    with pytest.raises(KitError, match="elsewhere"):
        resolve_wheels(("elsewhere==1.0",), (), "3.11", Fetch(pypi=wheelhouse.url))


def test_a_package_that_is_source_only_is_named_and_not_built(wheelhouse: Wheelhouse) -> None:
    folder = wheelhouse.root / "simple" / "source-only"
    folder.mkdir()
    (folder / "source_only-1.0.tar.gz").write_bytes(b"not even an archive")
    with pytest.raises(KitError, match="source-only"):
        resolve_wheels(("source-only==1.0",), (), "3.11", Fetch(pypi=wheelhouse.url))


def test_a_cache_that_cannot_be_kept_is_named_with_the_variable_that_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UV_CACHE_DIR", f"{tmp_path}/file/cache")
    with pytest.raises(KitError, match=f"{tmp_path}/file/cache") as failed:
        resolve_wheels(("asked==1.0",), (), "3.11", Fetch())
    assert "UV_CACHE_DIR" in failed.value.next_step


def test_an_index_that_does_not_answer_is_named_with_what_to_do() -> None:
    with pytest.raises(KitError) as error:
        resolve_wheels(("any==1.0",), (), "3.11", Fetch(pypi="http://127.0.0.1:9/simple"))
    assert re.fullmatch(
        r"the Python package index http://127.0.0.1:9/simple does not answer: "
        r"Request failed after 3 retries in [0-9.]+s: Connection refused \(os error 111\)",
        error.value.problem,
    )
    assert "mirrors" in error.value.next_step


def test_a_proxy_that_does_not_answer_is_named() -> None:
    fetch = Fetch(pypi="http://index.invalid/simple", proxy="http://127.0.0.1:9")
    with pytest.raises(KitError, match=r"through the proxy .* does not answer: Req[^:]+: Connection refused [^:]+$"):
        resolve_wheels(("any==1.0",), (), "3.11", fetch)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_is_none_is_named(content: str | None, tmp_path: Path) -> None:
    place = tmp_path / "authorities.pem"
    if content is not None:
        place.write_text(content)
    with pytest.raises(KitError) as error:
        trusted(Fetch(ca=str(place)))
    assert error.value.problem.startswith(f"ca: {place}: ")


@contextmanager
def answering(*pieces: bytes) -> Iterator[str]:
    """A server that says these bytes to whoever comes, and hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.whl"


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nwhe")], ids=["at once", "half-way"]
)
def test_an_index_that_hangs_up_is_told_as_one_that_does_not_answer(pieces: tuple[bytes, ...], tmp_path: Path) -> None:
    with answering(*pieces) as url, pytest.raises(KitError, match="does not answer"):
        fetch_wheel(url, "a.whl", hashlib.sha256(b"wheel").hexdigest(), tmp_path, Fetch(), lambda *_: None)
