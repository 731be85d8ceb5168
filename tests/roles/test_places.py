"""Mirrors, proxy and authorities of a spec reach every program that fetches: mmdebstrap, uv and pip.

How apt takes them is seen where the roles install packages on lab hosts.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import LayerWriter
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.rootfs import write_root
from deploy.agent.inputs.sources import host_mirror
from deploy.agent.inputs.wheels import Uv
from deploy.agent.journal import Journal
from deploy.apply.roles.images import image_tools_variables
from deploy.deployment.fetch import Fetch
from tests.roles.places import Place, mirror, proxy
from tests.wheelhouse import Wheelhouse

HERE = "127.0.0.1"
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mmdebstrap") is None, reason="needs root and mmdebstrap"
)


@pytest.fixture
def through() -> Iterator[Place]:
    with proxy(HERE) as place:
        yield place


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Wheelhouse]:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    with Wheelhouse(tmp_path / "index").served() as served:
        yield served


@NEEDS_ROOT
@pytest.mark.network
def test_a_root_filesystem_comes_from_the_mirror_through_the_proxy_under_the_authorities(
    tmp_path: Path, through: Place
) -> None:
    upstream = host_mirror("debian").rstrip("/").removesuffix("/debian")
    work, journal = tmp_path / "work", Journal("", "")
    work.mkdir()
    with mirror(HERE, upstream, tmp_path) as (place, authority):
        mirrors = Mirrors(f"{place.address}/debian", None, through.address, str(authority))
        writer = LayerWriter(io.BytesIO(), lambda: None)
        made = write_root(writer, "bookworm", ["base-files"], mirrors, Children(), work, journal)
    assert "base-files" in made["debian_versions"]
    assert {f"https://{one}" for one in through.asked} == {place.address}
    assert any("-security/dists/bookworm-security/" in path for path in place.asked)
    assert any(path.endswith(".deb") for path in place.asked)


def test_wheels_come_from_the_index_through_the_proxy_under_the_authorities(
    tmp_path: Path, through: Place, index: Wheelhouse
) -> None:
    wheel = index.add("thing", "1.0", {"thing/__init__.py": b""})

    def unpack(address: str, authority: Path | None) -> None:
        mirrors = Mirrors(None, f"{address}/simple", through.address, str(authority) if authority else None)
        program = Uv(uv.find_uv_bin(), tmp_path / "cache", mirrors, Children(), Journal("", ""))
        program.unpack([wheel.request()], "3.11", tmp_path / "site", tmp_path)

    with mirror(HERE, index.url.removesuffix("/simple"), tmp_path) as (place, authority):
        with pytest.raises(AgentError, match="does not answer"):
            unpack(place.address, None)
        unpack(place.address, authority)
    assert (tmp_path / "site" / "thing").is_dir()
    assert {f"https://{one}" for one in through.asked} == {place.address}


def test_pip_takes_index_proxy_and_authorities_over_what_the_host_says(
    tmp_path: Path, through: Place, index: Wheelhouse
) -> None:
    index.add("thing", "1.0", {"thing/__init__.py": b""})
    own = tmp_path / "pip.conf"
    own.write_text(f"[global]\nindex-url = http://{HERE}:9/simple\nproxy = http://{HERE}:9\ncert = /nowhere\n")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "download", "--quiet", f"--dest={tmp_path / 'got'}", "thing"]
    with mirror(HERE, index.url.removesuffix("/simple"), tmp_path) as (place, authority):
        fetch = Fetch(pypi=f"{place.address}/simple", proxy=through.address, ca=str(authority))
        environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(own)}
        subprocess.run(pip, env=environment | image_tools_variables(fetch)["images_pip"], check=True)
    assert [path.name for path in (tmp_path / "got").iterdir()] == ["thing-1.0-py3-none-any.whl"]
    assert {f"https://{one}" for one in through.asked} == {place.address}
