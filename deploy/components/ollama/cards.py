"""Log lines of an Ollama about the cards that it found at its start, and those that it left out."""

from __future__ import annotations

import re

_START = 'msg="server config"'
_FOUND = 'msg="inference compute"'
_LIBRARY = re.compile(r" library=(\S+)")
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')
# The words of its release 0.30 and later ones, then those of releases before it.
_TROUBLE = re.compile(
    r"dropping |driver too old|GPU discovery (?:watchdog|failed)|failure during .*discovery|permission|rocm.*fail",
    re.IGNORECASE,
)
_MENDS = (
    ("no rocblas support", "`hsa_override_gfx_version` lets it pass for a card that ROCm knows"),
    ("driver too old", "update the card's driver"),
    ("integrated GPU", "`igpu_enable: true` takes it"),
)
MOST = 2
"""Number of reasons that a person reads at once."""


def cards_found(log: str) -> list[str]:
    """Return the library of each device of the last start, `cpu` without a card; empty if the log has none."""
    lines = [line for line in _last_start(log) if _FOUND in line]
    return [match[1] for line in lines if (match := _LIBRARY.search(line))]


def troubles_of(log: str) -> list[str]:
    """Return the reasons why cards were left out, in the engine's own words."""
    told = [match[1] for line in _last_start(log) if (match := _MESSAGE.search(line))]
    return list(dict.fromkeys(message for message in told if _TROUBLE.search(message)))[:MOST]


def next_step(troubles: list[str]) -> str:
    """Return the next step against these troubles."""
    told = [mend for words, mend in _MENDS if any(words in trouble for trouble in troubles)]
    return ", ".join(told) or "`debug: true` tells more in its log"


def _last_start(log: str) -> list[str]:
    lines = log.splitlines()
    starts = [number for number, line in enumerate(lines) if _START in line]
    return lines[starts[-1] :] if starts else lines
