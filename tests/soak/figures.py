"""Figures of a soak, in one line for people and for docs/evidence.md."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.lab.pair import Pair
from tests.e2e.workstation import Workstation


@dataclass
class Soak:
    """One stack under strain, the dice that say when, and what has come of it."""

    stack: Workstation
    dice: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def count(self, what: str, words: str = "") -> None:
        """Count what happened, and say it."""
        self.seen[what] += 1
        print(f"  {what} {self.seen[what]}{words and ': '}{words}", flush=True)

    def __str__(self) -> str:
        return ", ".join(f"{number} {what}" for what, number in self.seen.items())


Strain = Callable[[Soak, int], None]
PairStrain = Callable[[Pair, int], str]
"""Strains two boxes, and returns what came of it."""
