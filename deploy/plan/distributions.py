"""Docker packages of distributions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DockerPackages:
    """Packages of one release; apparmor is there because Docker without its parser starts no container."""

    docker: tuple[str, ...]
    plugins: tuple[str, ...]
    lender: str = ""
    """Suite that provides the plugins, if the distribution's own has none."""
    forwards: bool = True
    """True if its Docker forwards what other machines send to a container's own address."""


PACKAGES: dict[tuple[str, str], DockerPackages] = {
    ("debian", "bookworm"): DockerPackages(("apparmor", "docker.io"), ("docker-buildx", "docker-compose"), "trixie"),
    ("debian", "trixie"): DockerPackages(("apparmor", "docker-cli", "docker.io"), ("docker-buildx", "docker-compose")),
    ("ubuntu", "noble"): DockerPackages(
        ("apparmor", "docker.io"), ("docker-buildx", "docker-compose-v2"), forwards=False
    ),
}


def known_releases() -> str:
    """Return the releases on which the kit installs Docker, for a message."""
    return ", ".join(f"{distribution} {release}" for distribution, release in sorted(PACKAGES))
