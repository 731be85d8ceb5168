"""A root filesystem of Debian packages as one layer, by mmdebstrap; it shows neither time nor place of its making."""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from deploy.agent import memory
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.inputs.archive import EPOCH, LayerWriter
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.mirrors import NEXT, Mirrors
from deploy.agent.journal import Journal
from deploy.agent.line import Line

HOOKS = Path("/usr/share/mmdebstrap/hooks")
# Left out here and not by dpkg's path-exclude, for that starts one more program for every package.
LEFT_OUT = re.compile(r"usr/share/(?:(?:man|info|locale|lintian)/.|doc/[^/]+/(?!copyright$))")
# The host's own files and the places that were fetched from, which mmdebstrap leaves behind; Docker mounts its own.
DROPPED = re.compile(
    r"(dev|proc|sys|run|tmp|var/cache|var/log|var/lib/apt|var/tmp)/."
    r"|etc/(hostname|resolv\.conf|hosts|machine-id)$"
    r"|etc/apt/(sources\.list|sources\.list\.d/.|apt\.conf\.d/99mmdebstrap|preferences\.d/kit)"
    r"|etc/dpkg/dpkg\.cfg\.d/99mmdebstrap"
    r"|var/lib/dpkg/(lock|lock-frontend|triggers/Lock|\w+-old)$|etc/(passwd|group|shadow|gshadow)-$"
)
STATUS = "var/lib/dpkg/status"
COMPLAINTS = re.compile(r"^(?:Err:|E:|W: Failed to fetch)")
HEARD = re.compile(
    r"I: ((?:running apt-get|downloading|extracting|installing|creating).*?)\.*$|(Need to get .*?) of archives"
)
# A root filesystem unpacked in memory instead of on the disk halves its time; a small machine keeps its memory.
MEMORY_TO_USE = 4 * 2**30
IN_MEMORY = ("unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount -t tmpfs kit "$0"; exec "$@"')


def write_root(
    writer: LayerWriter,
    suite: str,
    packages: list[str],
    mirrors: Mirrors,
    children: Children,
    work: Path,
    journal: Journal,
) -> dict[str, Any]:
    """Write the layer; return the installed Debian versions."""
    program = shutil.which("mmdebstrap")
    if not program:
        raise AgentError(
            "mmdebstrap is not installed", f"apt-get install mmdebstrap, or let `{Line('apply')}` do it as root"
        )
    argv = mmdebstrap_argv(program, suite, packages, mirrors.apt_options(suite), mirrors.debian_lines(suite))
    if os.geteuid() == 0 and memory.available_bytes() >= MEMORY_TO_USE:
        argv = [*IN_MEMORY, str(work), *argv]
    environment = {**mirrors.environment(work), "SOURCE_DATE_EPOCH": str(EPOCH)}
    versions: dict[str, str] = {}

    def take(output: IO[bytes]) -> None:
        versions.update(normalise(output, writer))

    ended = children.run(argv, environment, _hearing(journal), take)
    if ended.status != 0:
        raise full_disk(work, ended.words) or _failure(suite, argv, ended.words)
    return {"debian_versions": versions}


def mmdebstrap_argv(program: str, suite: str, packages: list[str], apt: list[str], lines: list[str]) -> list[str]:
    """Return the command that writes a suite's root filesystem as a tar to stdout."""
    argv = [program, "--variant=essential", "--format=tar", "--verbose", f"--include={','.join(packages)}"]
    argv += [*(f"--aptopt={option}" for option in apt), "--dpkgopt=force-unsafe-io"]
    if suite == "bookworm" and (HOOKS / "merged-usr").is_dir():
        # usrmerge brings 50 MB of perl; with the folders merged beforehand usr-is-merged takes its place.
        pin = 'printf "Package: usrmerge\\nPin: release *\\nPin-Priority: -1\\n" > "$1/etc/apt/preferences.d/kit"'
        argv += [f"--hook-dir={HOOKS / 'merged-usr'}", f"--setup-hook={pin}"]
    return [*argv, suite, "-", *lines]


def normalise(source: IO[bytes], writer: LayerWriter) -> dict[str, str]:
    """Copy a root filesystem's tar without anything that differs between hosts; return package versions."""
    versions: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=source, mode="r|") as incoming:
            for info in incoming:
                name = info.name.removeprefix("./")
                if name in ("", ".") or DROPPED.match(name) or LEFT_OUT.match(name) or info.isdev():
                    continue
                if info.islnk():
                    info.linkname = info.linkname.removeprefix("./")
                info.name = name
                content = incoming.extractfile(info) if info.isreg() else None
                if name == STATUS and content:
                    status = content.read()
                    versions = package_versions(status.decode())
                    content = io.BytesIO(status)
                writer.add(info, content)
    except tarfile.ReadError:
        # Nothing at all came: how mmdebstrap ended says why.
        return {}
    return versions


def package_versions(status: str) -> dict[str, str]:
    """Return the version of every installed package, from dpkg's status."""
    versions = {}
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"(Package|Version): ", line))
        if len(fields) == 2:
            versions[fields["Package"]] = fields["Version"]
    return versions


def _hearing(journal: Journal) -> Callable[[str], None]:
    say = journal.voice()

    def hear(line: str) -> None:
        wanted = HEARD.match(line)
        if wanted:
            say(wanted.group(1) or wanted.group(2))

    return hear


def _failure(suite: str, argv: list[str], words: str) -> AgentError:
    said = [line for line in words.splitlines() if COMPLAINTS.match(line)] or words.splitlines()[-5:]
    text = "; ".join(dict.fromkeys(said))
    if "Failed to fetch" in text or "Could not connect" in text or "Temporary failure" in text:
        return AgentError(f"the Debian mirror of {argv[-1]!r} failed during the download of {suite}: {text}", NEXT)
    if "Unable to locate package" in text or "has no installation candidate" in text:
        return AgentError(f"{suite} lacks a package on this mirror: {text}", "see the recipe's Debian packages")
    return AgentError(f"mmdebstrap could not make {suite}: {text}", "fix the cause above, then run the command again")
