"""Differences between the rendered files of a release that runs and those of kit.yaml now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.verbs import RENDERED
from deploy.apply.requests.base import base_request
from deploy.decide.desired import Share
from deploy.deployment.bundle import PRIVATE
from deploy.hosts.observation.observe import Observation
from deploy.hosts.wire.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.applied import RenderedRequest
    from deploy.agent.contract.released import Manifest

MOST_LINES = 60
"""Lines of one file's difference that a plan shows."""
UNSHOWN = ("deployment.json", "manifest.json")
"""Files for the agent, which say what the others say."""
HIDDEN = "changes; it may hold a token, so its lines are not shown"


@dataclass(frozen=True)
class Difference:
    """The difference of one text file, as lines of a unified diff."""

    name: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the difference, cut off where it is long."""
        more = len(self.lines) - MOST_LINES
        cut = [f"... {more} more lines"] if more > 0 else []
        return "\n".join([*self.lines[:MOST_LINES], *cut])


def differences(share: Share, transport: Transport, observation: Observation) -> tuple[Difference, ...]:
    """Ask a host for the files of its release that change, and compare them; a host without such files is not asked."""
    manifest, release = observation.manifest, observation.release
    if manifest is None or release is None or release == share.bundle.release:
        return ()
    now = dict(_wanted(share))
    changed = {
        name: path for name, sha256, path in _placed(manifest, release) if name in now and now[name][0] != sha256
    }
    private = _private(manifest, share)
    shown = sorted(path for name, path in changed.items() if name not in private)
    request: RenderedRequest = {**base_request(share.deployment.stack, ""), "paths": shown}
    texts = transport.call(RENDERED, request)["files"] if shown else {}
    return tuple(
        Difference(name, (HIDDEN,)) if name in private else _difference(name, texts[path], now[name][1])
        for name, path in sorted(changed.items())
        if name in private or path in texts
    )


def _private(manifest: Manifest, share: Share) -> set[str]:
    """Return the files that other users of the host may not read, before the change or after it."""
    before = {file["path"] for file in manifest["files"] if file["mode"] == PRIVATE}
    return before | {file.path for file in share.bundle.files if file.mode == PRIVATE}


def _difference(name: str, before: str, now: str) -> Difference:
    old, new = f"{name} (runs)", f"{name} (kit.yaml)"
    return Difference(name, tuple(unified_diff(before.splitlines(), now.splitlines(), old, new, n=1, lineterm="")))


def _placed(manifest: Manifest, release: str) -> Iterator[tuple[str, str, str]]:
    """Yield the files of a placed release, each with its sha256 and its path from the stack's root."""
    for file in manifest["files"]:
        if _is_shown(file["path"]):
            yield file["path"], file["sha256"], f"releases/{release}/{file['path']}"
    yield from _of_services(manifest["services"])


def _wanted(share: Share) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the files of kit.yaml, each with its sha256 and its content."""
    contents = {file.path: file.content for file in share.bundle.files}
    yield from ((file.path, (file.sha256, file.content)) for file in share.bundle.files if _is_shown(file.path))
    yield from ((name, (sha256, contents[path])) for name, sha256, path in _of_services(share.bundle.services))


def _is_shown(path: str) -> bool:
    return path not in UNSHOWN and not path.startswith("files/")


def _of_services(services: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for service, parts in services.items():
        yield from ((f"{service}/{name}", sha256, f"files/{sha256}/{name}") for name, sha256 in parts["files"].items())
