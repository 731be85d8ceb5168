"""Model names as an engine compares them: case is ignored, default tag and registry are optional."""

from __future__ import annotations

# What an engine speaks, not who it is: managed or not, every engine of this protocol is the same here.
PROTOCOL = "ollama"
REGISTRY = f"registry.{PROTOCOL}.ai"
"""Default host of a model's name."""
DEFAULT_PLACES = (f"{REGISTRY}/", "library/")
DEFAULT_TAG = ":latest"
LOCAL, CLOUD = "local", "cloud"


def same(name: str) -> str:
    """Return a key that is equal for all spellings of one model's name."""
    return plain(name).casefold()


def plain(name: str) -> str:
    """Return a name as people write it: without its defaults."""
    for scheme in ("https://", "http://"):
        name = name[len(scheme) :] if name.lower().startswith(scheme) else name
    for place in DEFAULT_PLACES:
        name = name[len(place) :] if name.lower().startswith(place) else name
    return name[: -len(DEFAULT_TAG)] if name.lower().endswith(DEFAULT_TAG) else name


def owner(name: str) -> str:
    """Return the owner of a model as an engine states it: the folder before the model's own name."""
    parts = name.rpartition(":")[0].split("/") if ":" in name.rpartition("/")[2] else name.split("/")
    return parts[-2] if len(parts) > 1 else DEFAULT_PLACES[1].rstrip("/")


def suffix(name: str) -> str:
    """Return the tag that an engine strips before it looks the model up: local, cloud, or nothing.

    With the tag `local` it asks for the model without a tag; with `cloud` it sends the request to its vendor.
    """
    tag = name.rpartition(":")[2].lower() if ":" in name else ""
    if "/" in tag:
        return ""
    return CLOUD if tag.endswith(f"-{CLOUD}") else tag if tag in (LOCAL, CLOUD) else ""
