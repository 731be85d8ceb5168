"""A knowledge base of many chunks, on the quickstart's stack: search finds it whatever happens to page and data.

The engine, the gateway, the page and its index are the real ones. The model is the quickstart's own with one of its
layers: the index keeps vectors of the same length, and a sentence has the same vector each time it is asked for.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.shallow import shallow_model
from tests.e2e.stack import Stack
from tests.e2e.test_backup_restored import backed_up, emptied, kept_key, take_files_out
from tests.e2e.webui import Person
from tests.e2e.workstation import sha256_of
from tests.waiting import wait_until
from tests.weights import weights

QuickstartStrain = Callable[[Stack, random.Random, int], str]
"""Strains the quickstart's stack, and returns what came of it."""
CHUNK_CHARACTERS = 120
"""Size of a chunk: the index counts chunks, and the model's work goes by their characters."""
PER_FILE = 200
ASKED, ANSWERS = 20, 3
WRITTEN = 1000
"""Chunks from which on the store has files that can be lost."""
INDEX, INDEX_CHECK = "vector_db", "has its whole search index"
CATCH = ("herring", "mackerel", "plaice", "turbot", "whiting", "halibut", "pollack", "gurnard", "haddock", "lobster")
_HELD = """
SELECT count(*) FROM embeddings JOIN segments ON segments.id = embeddings.segment_id
JOIN collections ON collections.id = segments.collection WHERE collections.name = ?
"""


@dataclass(frozen=True)
class Base:
    """The knowledge base, and the sentences that are asked for again and again."""

    stack: Stack
    id: str
    sentences: list[str]

    def found(self, moment: str) -> int:
        """Return how many sentences a person's search finds, each among its first answers."""
        person, begun = Person(self.stack), time.monotonic()
        number = sum(sentence in _answers(person, self.id, sentence) for sentence in self.sentences)
        print(f"  {moment}: {number} of {len(self.sentences)}, in {time.monotonic() - begun:.0f} s", flush=True)
        return number

    def ensure_found(self, moment: str) -> None:
        """Let a search find every sentence."""
        assert self.found(moment) == len(self.sentences), moment


def chunks(stack: Stack, dice: random.Random, number: int) -> str:
    """Fill a knowledge base with N chunks; search finds it after restart, kill, backup, restore and a lost index."""
    with tempfile.TemporaryDirectory(prefix="kit-soak-knowledge-") as name:
        folder = Path(name)
        _with_a_fast_model(stack, folder)
        sentences = [_sentence(dice, place) for place in range(number)]
        base = Base(stack, _filled(stack, folder, sentences), dice.sample(sentences, min(ASKED, number)))
        base.ensure_found("before all")
        stack.kit("restart", "open_webui", "--json")
        base.ensure_found("after a restart")
        _killed(stack)
        base.ensure_found("after a kill")
        repository = folder / "disk2" / "kit"
        with backed_up(stack, repository):
            stack.kit("backup", "now", "--json")
            base.ensure_found("after a backup")
            key = kept_key(stack, folder)
            with emptied(stack):
                take_files_out(stack, repository, key)
                stack.kit("backup", "restore", "latest", "--key", str(key), "--yes", "--json")
            base.ensure_found("after a restore into an emptied stack, from the repository alone")
            _lose_index(stack)
            left = base.found("after the loss of the index' files")
            if number >= WRITTEN:
                _ensure_told(stack, folder.name)
            stack.kit("backup", "now", "--json")
            stack.kit("backup", "restore", "latest", "--json")
            base.ensure_found("after a restore of a backup with the lost index")
        _lose_index(stack)
        assert Person(stack).ask("/api/v1/knowledge/reindex", {}) is True
        base.ensure_found("after Reindex in the page")
        held = _held(stack, base.id)
    return f"{held} chunks, each of {len(base.sentences)} sentences found at each moment; without index {left}"


def _with_a_fast_model(stack: Stack, folder: Path) -> None:
    """Let vectors come from one layer of the model: 1,600 chunks are 800 requests for them."""
    model = shallow_model(weights(folder), folder / "shallow.gguf")
    place = {"file": str(model), "sha256": sha256_of(model)}
    stack.place.change(lambda spec: spec["models"][0].update({"from": place}))
    stack.kit("lock", "--json")
    stack.apply()


def _sentence(dice: random.Random, place: int) -> str:
    """Return a sentence of more than half a chunk, so that two never share one."""
    (first, second), crates = dice.sample(CATCH, 2), (dice.randrange(10**6), dice.randrange(10**6))
    return f"Berth {place} of Merrowby lands {crates[0]} crates of {first} and {crates[1]} crates of {second}."


def _filled(stack: Stack, folder: Path, sentences: list[str]) -> str:
    """Add the sentences as the kit does it, and return the id of the knowledge base."""
    person, name = Person(stack), folder.name
    person.ask("/api/v1/retrieval/config/update", {"CHUNK_SIZE": CHUNK_CHARACTERS, "CHUNK_OVERLAP": 0})
    names = []
    for first in range(0, len(sentences), PER_FILE):
        names.append(folder / f"berths from {first}.txt")
        names[-1].write_text("\n\n".join(sentences[first : first + PER_FILE]))
    begun = time.monotonic()
    answer = stack.kit("bridge add", "--to", name, "--json", *map(str, names)).here
    assert (len(answer["added"]), answer["refused"]) == (len(names), [])
    (base,) = [each["id"] for each in person.ask("/api/v1/knowledge/")["items"] if each["name"] == name]
    held = _held(stack, base)
    print(f"  {len(names)} files added, {held} chunks, in {time.monotonic() - begun:.0f} s", flush=True)
    assert held >= len(sentences)
    return str(base)


def _answers(person: Person, base: str, sentence: str) -> set[str]:
    asked = {"collection_names": [base], "query": sentence, "k": ANSWERS, "hybrid": False}
    answer = person.ask("/api/v1/retrieval/query/collection", asked)
    return {str(text).strip() for texts in answer["documents"] for text in texts}


def _held(stack: Stack, base: str) -> int:
    """Return the number of chunks that the index has of a knowledge base."""
    with closing(sqlite3.connect(f"file:{_index(stack)}/chroma.sqlite3?mode=ro", uri=True)) as connection:
        (number,) = connection.execute(_HELD, (base,)).fetchone()
    return int(number)


def _index(stack: Stack) -> Path:
    return Path(stack.decided("open_webui")["data"]["host_path"]) / INDEX


def _killed(stack: Stack) -> None:
    """Kill the page's process, as a lack of memory does; Docker brings it up again."""
    before = stack.service("open_webui")
    os.kill(before.inspect["State"]["Pid"], signal.SIGKILL)
    wait_until(lambda: _is_back(stack, before.started_at), "the page is back", saw=lambda: stack.service("open_webui"))


def _is_back(stack: Stack, before: str) -> bool:
    page = stack.service("open_webui")
    return page.health == "healthy" and page.started_at != before


def _lose_index(stack: Stack) -> None:
    """Delete the folders with vectors beside the index' database, as long as nobody has them open."""
    stack.kit("stop", "open_webui", "--json")
    for path in _index(stack).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    stack.kit("start", "open_webui", "--json")


def _ensure_told(stack: Stack, base: str) -> None:
    """Let status and verify name the knowledge base."""
    told = " ".join(stack.kit("status", "--json").here["indexes"]["open_webui"]["lost"])
    assert f"of the knowledge base {base}: " in told
    report = stack.kit("verify", "open_webui", "--json", code=1).here
    assert [check["name"] for check in report["checks"] if check["outcome"] == "failed"] == [INDEX_CHECK]


ON_THE_QUICKSTART: dict[str, QuickstartStrain] = {"chunks": chunks}
