"""Changes of the file system below a place of user data, in words, and the step that undoes each."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.places import Place
from deploy.hosts.observation.places import SeenData


def is_remounted(seen: SeenData) -> bool:
    """Return True if the folder is on another file system than at the last apply."""
    return bool(seen.mount) and seen.mount != seen.former.mount


def remounted(seen: SeenData) -> str:
    """Return the change of the file system, to append to a problem; empty without one."""
    if not is_remounted(seen):
        return ""
    before, now = seen.mount, seen.former.mount
    if _is_below(now, before):
        return f"; a file system is mounted at {now} since then and hides the files that were there"
    return f"; the data was on the file system mounted at {before}, and the folder is on that of {now} now"


def step_back(seen: SeenData) -> str:
    """Return the step in place of a choice: hidden data, or data on an absent drive, is not lost."""
    before, now = seen.mount, seen.former.mount
    is_partly_there = seen.former.is_bare and seen.former.is_filled
    missing = "what is missing" if is_partly_there else "the data"
    if not is_remounted(seen):
        mount = "" if is_partly_there else ", or mount the drive that it lies on"
        return f"put {missing} back{mount}"
    return f"unmount {now}" if _is_below(now, before) else f"mount {before} again, or put {missing} back"


def emptied_parts(place: Place, seen: SeenData) -> Iterator[str]:
    """Yield the loss of parts of the data beside a database that stays."""
    if seen.gone and seen.before == place.host_path:
        parts = ", ".join(f"{place.host_path}/{part}" for part in seen.gone)
        yield (
            f"no files of {place.service} are left in {parts}, and some were there at the last apply;"
            " if nobody removed them, put them back or mount their drive"
        )


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")
