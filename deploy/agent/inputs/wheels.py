"""Hash-locked wheels, fetched and unpacked by uv; no code of a package is ever run."""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError, full_disk, naming
from deploy.agent.inputs.archive import LayerWriter, entry
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.layers import PLATFORM
from deploy.agent.inputs.mirrors import NEXT, Mirrors
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Wheel

VENV = "opt/venv"
# Of this run or of the installing program, not of the package: a record of who installed it, and how.
UNRECORDED = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
MIB = 2**20


class Uv:
    """The uv of this host, with a cache of its own."""

    def __init__(self, program: str, cache: Path, mirrors: Mirrors, children: Children, journal: Journal) -> None:
        self.program = program
        self.cache = cache
        self.mirrors = mirrors
        self.children = children
        self.journal = journal

    def unpack(self, wheels: list[Wheel], python: str, target: Path, work: Path) -> None:
        """Fetch wheels, check their hashes and unpack them into one folder."""
        if not Path(self.program).exists():
            # Only the role checks that uv is there, and it runs where an image is missing, or in a full run.
            raise AgentError(
                f"uv is not installed at {self.program}", f"let `{Line('apply', '--full')}` as root install it"
            )
        listed = work / f"{target.name}.txt"
        with naming(listed):
            listed.write_text("".join(f"{w['name']}=={w['version']} --hash=sha256:{w['sha256']}\n" for w in wheels))
        total = sum(w["size"] for w in wheels)
        self.journal.say(f"{len(wheels)} packages, {total / MIB:.0f} MiB to fetch", 0, total)
        ended = self.children.run(
            uv_argv(self.program, self.cache, self.mirrors.pypi, python, target, listed),
            {**self.mirrors.environment(work), "UV_PYTHON_DOWNLOADS": "never", "UV_HTTP_TIMEOUT": "60"},
            self._hearing(wheels, total),
        )
        if ended.status != 0:
            raise full_disk(work, ended.words) or _failure(self.mirrors, ended.words)

    def _hearing(self, wheels: list[Wheel], total: int) -> Any:
        sizes = {_plain(wheel["name"]): wheel["size"] for wheel in wheels}
        fetched = 0
        say = self.journal.voice()

        def hear(line: str) -> None:
            nonlocal fetched
            words = line.split()
            if words[:1] == ["Downloaded"]:
                fetched += sizes.get(_plain(words[1]), 0)
                say(f"fetched {words[1]}", fetched, total)

        return hear


def uv_argv(program: str, cache: Path, index: str | None, python: str, target: Path, listed: Path) -> list[str]:
    """Return the command that unpacks a list of hash-locked wheels into a folder."""
    argv = [program, "pip", "install", "--no-config", "--no-progress", "--system-certs", "--cache-dir", str(cache)]
    argv += ["--python", "/usr/bin/python3", "--python-version", python, "--python-platform", PLATFORM]
    argv += ["--target", str(target), "--require-hashes", "--no-deps", "--no-build", "--requirements", str(listed)]
    return [*argv, "--default-index", index] if index else argv


def packages_in(python: str) -> str:
    """Return the folder of an image's packages, without the leading slash."""
    return f"{VENV}/lib/python{python}/site-packages"


def write_venv(writer: LayerWriter, site: Path, python: str) -> None:
    """Write a virtual environment for the image's own Python, with the unpacked packages."""
    packages = packages_in(python)
    folders = [str(parent) for parent in reversed(PurePosixPath(packages).parents) if str(parent) != "."]
    home = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    for folder in (*folders, f"{VENV}/bin", packages):
        writer.add(*entry(folder, 0o755))
    writer.add(*entry(f"{VENV}/bin/python3", 0o777, target="/usr/bin/python3"))
    writer.add(*entry(f"{VENV}/pyvenv.cfg", 0o644, data=home.encode()))
    for relpath in _listing(site):
        _add(writer, site / relpath, relpath, packages)


def kept_record(record: bytes) -> bytes:
    """Return a RECORD without the files that are not in the image, such as scripts that name the host's Python."""
    lines = [line for line in record.decode().splitlines() if line]
    return "".join(f"{line}\n" for line in sorted(lines) if _is_kept(_recorded_path(line))).encode()


def _listing(site: Path) -> Iterable[str]:
    paths: list[str] = []
    for folder, folders, files in os.walk(site):
        here = Path(folder)
        paths += [str((here / name).relative_to(site)) for name in (*files, *folders)]
    return sorted(path for path in paths if _is_kept(path))


def _is_kept(relpath: str) -> bool:
    parts = PurePosixPath(os.path.normpath(relpath)).parts
    if parts[0] in ("bin", "..", ".lock", "__pycache__"):
        return False
    return not (len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] in UNRECORDED)


def _recorded_path(line: str) -> str:
    quoted = re.match(r'"((?:[^"]|"")*)"', line)
    return quoted.group(1).replace('""', '"') if quoted else line.split(",", 1)[0]


def _add(writer: LayerWriter, path: Path, relpath: str, packages: str) -> None:
    info = tarfile.TarInfo(f"{packages}/{relpath}")
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        writer.add(*entry(info.name, 0o777, target=str(path.readlink())))
        return
    if stat.S_ISDIR(status.st_mode):
        writer.add(*entry(info.name, 0o755))
        return
    info.mode = 0o755 if status.st_mode & 0o111 else 0o644
    if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
        record = kept_record(path.read_bytes())
        info.size = len(record)
        writer.add(info, io.BytesIO(record))
        return
    info.size = status.st_size
    with path.open("rb") as content:
        writer.add(info, content)


def _failure(mirrors: Mirrors, words: str) -> AgentError:
    text = re.sub(r"\s+", " ", words[max(words.find("error:"), 0) :]).strip()
    place = mirrors.named(f"the Python package index {mirrors.pypi}" if mirrors.pypi else "the Python package index")
    mismatch = re.search(r"Hash mismatch for `([^`=]+)==.*?Expected:.*?sha256:(\w+).*?Computed:.*?sha256:(\w+)", text)
    if mismatch:
        name, expected, computed = mismatch.groups()
        return AgentError(
            f"wheel {name}: kit.lock says sha256 {expected}, {place} sent {computed}",
            f"find out why before you go on; `{Line('lock', '--upgrade', name)}` locks its present file",
        )
    if re.search(r"error sending request|Failed to fetch|[Cc]onnect|timed out|dns error|tls|certificate", text):
        return AgentError(f"{place} does not answer: {text[-600:]}", NEXT)
    return AgentError(
        f"uv could not unpack the wheels: {text[-600:]}",
        f"if the index lost a file, `{Line('lock', '--upgrade')}` locks its present files",
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
