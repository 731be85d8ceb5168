"""The package sources of this host's own apt."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.errors import AgentError

APT = Path("/etc/apt")


def host_mirror(ending: str, default: str | None = None, apt: Path = APT) -> str:
    """Return the mirror that this host's apt uses for an archive such as debian or debian-security."""
    mirror = named_mirror(ending, apt) or default
    if mirror is None:
        raise AgentError(
            "this host's apt sources name no Debian mirror", "name one in kit.yaml: mirrors: {debian: https://...}"
        )
    return mirror


def named_mirror(ending: str, apt: Path = APT) -> str | None:
    """Return the first mirror in apt's sources whose address has this ending, if any."""
    return next((address for address in _addresses(apt) if address.rstrip("/").endswith(f"/{ending}")), None)


def _addresses(apt: Path) -> list[str]:
    listed: list[str] = []
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        for line in _lines(path):
            words = line.split("#")[0].split()
            if words[:1] == ["URIs:"] or words[:1] == ["deb"]:
                listed += [word for word in words[1:] if "://" in word or word.startswith(("file:", "mirror+file:"))]
    return [address for word in listed for address in _resolved(word)]


def _resolved(address: str) -> list[str]:
    # Debian's cloud images name a file of mirrors instead of a mirror.
    if not address.startswith("mirror+file:"):
        return [address]
    listed = Path(address[len("mirror+file:") :])
    return [line.split()[0] for line in listed.read_text().splitlines() if "://" in line] if listed.exists() else []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        # A source with a password in it is not for everybody to read.
        return []
