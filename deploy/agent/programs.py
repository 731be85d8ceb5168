"""Programs of the host by their names. Not by shutil: it loads every kind of compression, and a probe uses none."""

from __future__ import annotations

import os


def which(name: str, path: str | None = None) -> str | None:
    """Return the path of a program; None if no folder of `path`, by default PATH, has one that can be run."""
    for folder in (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep):
        # An empty entry of PATH means the working folder.
        place = os.path.join(folder or os.curdir, name)  # noqa: PTH118 - a dozen of them in each probe
        if os.path.isfile(place) and os.access(place, os.X_OK):  # noqa: PTH113
            return place
    return None
