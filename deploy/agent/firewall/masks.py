"""Docker's rules that let a network out of the host, and that are left of a network which is gone.

Such a rule names the addresses of its network. A later network that has the same ones gets its way out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.firewall.kernel import masquerading
from deploy.agent.firewall.rules import FOUR

if TYPE_CHECKING:
    from deploy.agent.contract.firewall import StaleMask

INTERFACES = Path("/sys/class/net")
SOURCE, OUT = "-s", "-o"


def stale_masks() -> list[StaleMask]:
    """Return the rules whose bridge the host does not have, each with the line that removes it."""
    return list(_stale(masquerading()))


def _stale(rules: Sequence[Sequence[str]]) -> Iterator[StaleMask]:
    for words in rules:
        bridge, source = _behind(words, OUT), _behind(words, SOURCE)
        is_excepted = OUT in words and words[words.index(OUT) - 1] == "!"
        if bridge and source and is_excepted and not (INTERFACES / bridge).exists():
            line = shlex.join([FOUR, "-t", "nat", "-D", *words[1:]]).replace("'!'", "!")
            yield {"source": source, "bridge": bridge, "line": line}


def _behind(words: Sequence[str], option: str) -> str:
    """Return the word behind an option; empty without it."""
    return next((value for word, value in zip(words, words[1:]) if word == option), "")
