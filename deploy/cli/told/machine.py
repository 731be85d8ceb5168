"""A host's machine in words: processor, memory, cards, Docker."""

from __future__ import annotations

from deploy.hosts.observation.observe import Observation


def host_line(observation: Observation) -> str:
    """Return the host's description."""
    docker, cores = observation.docker, observation.cores
    parts = [f"{cores} core{'s' if cores != 1 else ''}", f"{observation.memory_bytes / 2**30:.1f} GiB"]
    parts.append(observation.cards[0].words if observation.cards else "no GPU")
    parts.append(f"Docker {docker.version}" if docker.server else f"no Docker ({docker.problem or 'it is not there'})")
    parts += [f"Compose {docker.compose}" if docker.compose else "no Compose"]
    return f"host: {', '.join(parts)}"


def first_card(observation: Observation) -> dict[str, str | None]:
    """Return the likeliest card for models as JSON values."""
    first = next(iter(observation.cards), None)
    return {key: getattr(first, key, None) for key in ("vendor", "card", "driver")}
