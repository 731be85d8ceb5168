"""Variables of the role debian_packages: its sources and options, from the spec and the observation."""

from __future__ import annotations

from typing import TypedDict

from deploy.deployment.fetch import Fetch
from deploy.hosts.observation.seen import OperatingSystem


class DebianVariables(TypedDict):
    """Variables of the role debian_packages."""

    debian_packages_sources: list[str]
    debian_packages_options: list[str]
    debian_packages_ca: str


def own_sources(system: OperatingSystem, fetch: Fetch) -> list[str]:
    """Return the sources of the host's own release on the spec's mirror; none means those that the host has.

    A mirror of Debian is of no use to Ubuntu. Updates and security are included: a package of the release can depend
    on a newer installed package. Apt ignores such a source if the mirror lacks it.
    """
    if not fetch.debian or system.id != "debian":
        return []
    mirror, suite = fetch.debian.rstrip("/"), system.codename
    return [f"{mirror} {suite} main", f"{mirror} {suite}-updates main", f"{mirror}-security {suite}-security main"]


def lent_sources(mirror: str, suite: str) -> list[str]:
    """Return the source of a suite that another suite takes packages from."""
    return [f"{mirror.rstrip('/')} {suite} main"]


def apt_options(fetch: Fetch) -> list[str]:
    """Return options for apt's command line, which overrides the host's own files."""
    options = []
    if fetch.proxy:
        options += [f"Acquire::{scheme}::Proxy={fetch.proxy}" for scheme in ("http", "https")]
        options += [f"Acquire::{scheme}::Proxy-Auto-Detect=" for scheme in ("http", "https")]
    if fetch.ca:
        options += [f"Acquire::https::CAInfo={fetch.ca}"]
    if fetch.debian:
        # A frozen mirror has a release file that is older than apt wants; its signature is checked anyway.
        options += ["Acquire::Check-Valid-Until=false"]
    return [word for option in options for word in ("-o", option)]


def debian_variables(system: OperatingSystem, fetch: Fetch) -> DebianVariables:
    """Variables of debian_packages that are the same for every package of the host's own release."""
    return {
        "debian_packages_sources": own_sources(system, fetch),
        "debian_packages_options": apt_options(fetch),
        "debian_packages_ca": fetch.ca or "",
    }
