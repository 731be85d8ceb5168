"""Suggestions for misspelled words."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` if a known word is similar, else an empty text."""
    from difflib import get_close_matches

    plain = {name.lower().replace("-", "_"): name for name in known if abs(len(name) - len(word)) <= 4}
    near = get_close_matches(word.lower().replace("-", "_"), list(plain)[:300], n=1, cutoff=0.66)
    return f" (did you mean {plain[near[0]]}?)" if near else ""
