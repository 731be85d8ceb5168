"""Questions at a steady pace on a box, and how each of them was answered."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.lab.host import LabHost


@dataclass(frozen=True)
class Answered:
    """Answers to the questions to one address."""

    counts: Counter[str]
    """Number of answers by status, or by the kind of error."""
    silent_seconds: float
    """Longest time between two answers."""

    @property
    def dropped(self) -> int:
        """The number of questions without an answer."""
        return sum(times for kind, times in self.counts.items() if not kind.isdigit())


Answers = dict[str, Answered]
"""Answers by address."""
PROGRAM = """
import collections, json, sys, threading, time, urllib.error, urllib.request
over, urls = threading.Event(), sys.argv[1:]
seen, silent = {url: collections.Counter() for url in urls}, dict.fromkeys(urls, 0.0)
def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            answer.read()
        return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
def ask(url):
    answered = time.monotonic()
    while not over.wait(0.05):
        try:
            seen[url][status_of(url)] += 1
            answered = time.monotonic()
        except Exception as error:
            seen[url][type(error).__name__] += 1
            silent[url] = max(silent[url], time.monotonic() - answered)
threads = [threading.Thread(target=ask, args=(url,)) for url in urls]
[thread.start() for thread in threads]
sys.stdin.read()
over.set()
[thread.join() for thread in threads]
print(json.dumps({url: [seen[url], silent[url]] for url in urls}))
"""


@contextmanager
def steadily_asked(host: LabHost, *urls: str) -> Iterator[Answers]:
    """Ask addresses of a box twenty times a second until the block ends; the answers are there then."""
    answers: Answers = {}
    argv = ["docker", "exec", "-i", host.name, "python3", "-c", PROGRAM, *urls]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield answers
        told, _ = process.communicate("")
    answers |= {url: Answered(Counter(counts), silent) for url, (counts, silent) in json.loads(told).items()}
