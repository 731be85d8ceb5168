"""Bytecode of an image's packages, made by the image's own Python: without it each start compiles every module.

The packages are read as data and none of their code is run. The bytecode is valid whatever time the source has: all of
an image's files have one time, so a time would prove nothing.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from deploy.agent.errors import AgentError, full_disk, naming
from deploy.agent.inputs.archive import Layer, LayerWriter, entry
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.wheels import packages_in
from deploy.agent.journal import Journal
from deploy.agent.line import Line

# In one order and with one hash seed, so that the same Python writes the same bytes. Some packages carry files that are
# no Python of this version: they fail where somebody loads them, and not here.
PROGRAM = """
import os, py_compile, sys
for folder, folders, files in os.walk(sys.argv[1]):
    folders.sort()
    for name in sorted(files):
        try:
            how = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(os.path.join(folder, name), doraise=True, invalidation_mode=how)
        except py_compile.PyCompileError:
            pass
"""
# Without columns, which only underline a part of a line in a traceback, a third of the bytes is not there to be read.
OPTIONS = ("-W", "ignore", "-X", "no_debug_ranges")


def _next() -> str:
    return f"fix the cause that it names, then run the same command again; `{Line('rebuild')}` makes every layer anew"


def write_bytecode(
    writer: LayerWriter,
    below: list[Layer],
    names: list[str],
    python: str,
    children: Children,
    work: Path,
    journal: Journal,
) -> None:
    """Write a layer with the bytecode of these packages; the layers below hold their sources and the Python."""
    root, packages = below
    site = packages_in(python)
    _unpack_root(root.path, work, children, journal)
    with tarfile.open(packages.path, "r:") as sources:
        for member in sources:
            if member.isreg() and _is_source_of(names, PurePosixPath(member.name), site):
                children.ensure_wanted()
                _write(sources, member, work)
    journal.say("compiling")
    # Without being root, a user namespace makes a root who may change the root folder.
    first = () if os.geteuid() == 0 else ("unshare", "--map-root-user")
    argv = [*first, "chroot", str(work), f"/usr/bin/python{python}", *OPTIONS, "-c", PROGRAM, f"/{site}"]
    environment = {"PATH": os.defpath + ":/usr/sbin:/sbin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    ended = children.run(argv, environment, lambda _line: None)
    if ended.status != 0:
        failure = AgentError(f"the image's Python could not compile: {ended.words[-600:]}", _next())
        raise full_disk(work, ended.words) or failure
    _pack(writer, work, site)


def _unpack_root(root: Path, work: Path, children: Children, journal: Journal) -> None:
    program = shutil.which("tar") or "/bin/tar"
    argv = [program, "--extract", "--no-same-owner", "--no-same-permissions", "--file", str(root), "-C", str(work)]
    ended = children.run(argv, {"LANG": "C.UTF-8"}, journal.voice())
    if ended.status != 0:
        failure = AgentError(f"a root filesystem could not be unpacked in {work}: {ended.words[-600:]}", _next())
        raise full_disk(work, ended.words) or failure


def _is_source_of(names: list[str], path: PurePosixPath, site: str) -> bool:
    if path.suffix != ".py" or not path.is_relative_to(site):
        return False
    return path.relative_to(site).parts[0].removesuffix(".py") in names


def _write(sources: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    content = sources.extractfile(member)
    assert content is not None  # noqa: S101 - members are regular files
    path = work / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        path.write_bytes(content.read())


def _pack(writer: LayerWriter, work: Path, site: str) -> None:
    # Every folder is named, for Docker would make those between with a mode of its own.
    above = [str(parent) for parent in reversed(PurePosixPath(site).parents) if str(parent) != "."]
    for folder in (*above, site):
        writer.add(*entry(folder, 0o755))
    for path in sorted((work / site).rglob("*")):
        name = str(path.relative_to(work))
        if path.is_dir():
            writer.add(*entry(name, 0o755))
        elif path.suffix == ".pyc":
            writer.add(*entry(name, 0o644, data=path.read_bytes()))
