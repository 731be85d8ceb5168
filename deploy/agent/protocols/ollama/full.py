"""Recognises a full disk behind a failed import: the engine reports only that one of its programs failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import amount, existing, free_bytes
from deploy.agent.protocols.caller import RefusedError
from deploy.agent.protocols.ollama.engine import Engine

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Model

SAID = re.compile(r"no space left on device")
FAILED = re.compile(r"llama-quantize failed|signal: killed")
COPIES = 2
"""Copies that an import makes of a file: the file as written, and its converted form."""


@contextmanager
def telling_full_disk(engine: Engine, folder: str | None, model: Model) -> Iterator[None]:
    """Report an engine's refusal as a full disk, if that is the cause."""
    try:
        yield
    except RefusedError as refusal:
        size = sum(blob["size"] for blob in model.get("blobs", []))
        raise _full_disk(refusal, engine, folder, model["name"], size) or refusal from None


def _full_disk(refusal: RefusedError, engine: Engine, folder: str | None, name: str, size: int) -> AgentError | None:
    """Return the error of a full disk; None if the cause is another one, or unknown."""
    is_said = SAID.search(refusal.problem) is not None
    if not is_said and not (size and FAILED.search(refusal.problem)):
        return None
    said, needed = refusal.problem.rpartition(": ")[2], COPIES * size
    wanted = f"importing its file takes {amount(needed)} more" if size else "the download does not fit"
    if folder is None:
        may = "is full" if is_said else "may be full"
        step = f"free {amount(needed)} there, then run the same command again" if size else "free some room there"
        return engine.failure(f"making {name}", f"the disk of the engine {may}: {wanted} (it said: {said})", step)
    # What the import had written is gone again: the room that is there now was not enough.
    free = free_bytes(existing(Path(folder)))
    if not is_said and free >= needed:
        return None
    full = f"the disk of {folder} is full: {wanted}, and {amount(free)} are free (the engine said: {said})"
    step = f"free {amount(max(needed - free, 0) or needed)} there, then run the same command again"
    return engine.failure(f"making {name}", full, step)
