from __future__ import annotations

import io
import tarfile

import pytest

from deploy.agent.inputs.archive import LayerWriter, entry
from deploy.agent.inputs.rootfs import DROPPED, LEFT_OUT, mmdebstrap_argv, normalise, package_versions

STATUS = b"""Package: bash
Status: install ok installed
Version: 5.2.15-2+b13
Description: shell
 Version: of a continued line

Package: zlib1g
Version: 1:1.2.13
"""


def root(host: str, time: int) -> bytes:
    """Return mmdebstrap's output on a host, with the host's own names and mirrors."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (
            ("./", None),
            ("./etc", None),
            ("./etc/hostname", host.encode()),
            ("./etc/apt/sources.list.d/0000mirror.list", f"deb http://{host}/debian bookworm main".encode()),
            ("./etc/apt/apt.conf.d/99mmdebstrap", f'Acquire::http::Proxy "http://{host}";'.encode()),
            ("./usr/bin/sh", b"shell"),
            ("./usr/share/doc/bash/README", b"read me"),
            ("./usr/share/doc/bash/copyright", b"GPL"),
            ("./var/lib/dpkg/status", STATUS),
            ("./var/log/apt/history.log", host.encode()),
        ):
            info, content = entry(name, 0o755, data=data)
            info.mtime = time
            archive.addfile(info, content)
        node = tarfile.TarInfo("./dev/null")
        node.type = tarfile.CHRTYPE
        archive.addfile(node)
        link = tarfile.TarInfo("./usr/bin/bash")
        link.type, link.linkname = tarfile.LNKTYPE, "./usr/bin/sh"
        archive.addfile(link)
    return output.getvalue()


def layer_of(data: bytes) -> tuple[bytes, dict[str, str]]:
    output = io.BytesIO()
    writer = LayerWriter(output)
    versions = normalise(io.BytesIO(data), writer)
    writer.close()
    return output.getvalue(), versions


def test_a_root_filesystem_does_not_tell_where_and_when_it_was_made() -> None:
    assert layer_of(root("box.example", 1)) == layer_of(root("other.example", 1_900_000_000))


def test_a_root_filesystem_keeps_packages_links_and_copyrights_and_tells_the_versions() -> None:
    data, versions = layer_of(root("box.example", 1))
    with tarfile.open(fileobj=io.BytesIO(data)) as layer:
        assert layer.getnames() == [
            "etc",
            "usr/bin/sh",
            "usr/share/doc/bash/copyright",
            "var/lib/dpkg/status",
            "usr/bin/bash",
        ]
        assert layer.getmember("usr/bin/bash").linkname == "usr/bin/sh"
    assert versions == {"bash": "5.2.15-2+b13", "zlib1g": "1:1.2.13"}


@pytest.mark.parametrize(
    "name", ["etc/passwd", "etc/apt", "var/lib/dpkg/status", "dev", "tmp", "var/lib/dpkg/info/a.list"]
)
def test_what_a_container_needs_stays(name: str) -> None:
    assert not DROPPED.match(name)
    assert not LEFT_OUT.match(name)


@pytest.mark.parametrize("name", ["etc/resolv.conf", "etc/passwd-", "var/lib/dpkg/status-old", "var/cache/x", "proc/1"])
def test_what_differs_from_host_to_host_goes(name: str) -> None:
    assert DROPPED.match(name)


def test_places_come_after_the_suite_and_never_into_a_shell() -> None:
    argv = mmdebstrap_argv("mmdebstrap", "sid", ["a", "b"], ['Acquire::Retries "3"'], ["deb http://x/debian sid main"])
    assert argv[-3:] == ["sid", "-", "deb http://x/debian sid main"]
    assert "--include=a,b" in argv
    assert not [word for word in argv if word.startswith("--setup-hook")]


def test_versions_are_read_from_whole_paragraphs_only() -> None:
    assert package_versions("Package: a\n\nVersion: 1\n") == {}
