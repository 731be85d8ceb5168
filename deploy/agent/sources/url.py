"""A model's file at an address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError, naming
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.fetch import fetched
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.pace import Pace
from deploy.agent.journal import Journal
from deploy.agent.sources.placed import downloads, place, read

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob
    from deploy.agent.contract.inputs import Fetching, ModelFile

# The download, which an interrupted run goes on with.
STAGED = 1


def bring(model: ModelFile, request: Fetching, journal: Journal, children: Children) -> None:
    """Download the file to the model's place, resumed after an interrupted run."""
    cache = Cache(request["cache"], children.ensure_wanted)
    with cache.held(journal), downloads(cache, model["sha256"]) as folder:
        _bring(model["source"]["url"]["url"], model, folder / "file", request, journal)


@contextmanager
def opened(
    _model: str, blob: Blob, request: Fetching, _journal: Journal, _children: Children
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the file's address and its bytes."""
    address = blob["source"]["url"]["url"]
    yield address, fetched(address, Mirrors.of(request), blob["size"])


def _bring(address: str, model: ModelFile, kept: Path, request: Fetching, journal: Journal) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = kept.stat().st_size if kept.exists() else 0
    pace = Pace(journal, f"fetching {_shown(address)}", model["size"])
    with naming(kept), kept.open("ab") as output:
        for piece in fetched(address, Mirrors.of(request), model["size"], done) if done < model["size"] else ():
            done += len(piece)
            output.write(piece)
            pace.at(done)
    try:
        place(read([kept]), model, journal, _shown(address))
    except AgentError:
        # Going on with a wrong file would never make it right.
        kept.unlink()
        raise


def _shown(address: str) -> str:
    """Return an address without any possible key."""
    return address.partition("?")[0]
