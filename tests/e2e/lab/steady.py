"""Questions at a steady pace on a box, and how each of them was answered."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.lab.host import LabHost

Answers = dict[str, Counter[str]]
"""By address: how often each status came, or the kind of error in its place."""
PROGRAM = """
import collections, json, sys, threading, urllib.error, urllib.request
over, seen = threading.Event(), {url: collections.Counter() for url in sys.argv[1:]}
def ask(url):
    while not over.wait(0.05):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                answer.read()
            seen[url][str(answer.status)] += 1
        except urllib.error.HTTPError as error:
            seen[url][str(error.code)] += 1
        except Exception as error:
            seen[url][type(error).__name__] += 1
threads = [threading.Thread(target=ask, args=(url,)) for url in seen]
[thread.start() for thread in threads]
sys.stdin.read()
over.set()
[thread.join() for thread in threads]
print(json.dumps(seen))
"""


@contextmanager
def steadily_asked(host: LabHost, *urls: str) -> Iterator[Answers]:
    """Ask addresses of a box twenty times a second until the block ends; the answers are there then."""
    answers: Answers = {}
    argv = ["docker", "exec", "-i", host.name, "python3", "-c", PROGRAM, *urls]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield answers
        told, _ = process.communicate("")
    answers |= {url: Counter(counts) for url, counts in json.loads(told).items()}
