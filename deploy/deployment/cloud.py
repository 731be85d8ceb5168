"""Words about a model that an engine leaves to its vendor's cloud."""

from __future__ import annotations


def sent_away(what: str, engine: str) -> tuple[str, str]:
    """Return the problem with such a model, and the next step."""
    problem = f"{what} names a model in the vendor's cloud: each request would be sent there"
    return problem, f"name another tag, or write `cloud: true` at {engine}"
