"""Wording that messages share: suggestions for misspelled words, hosts, and next steps on a host."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.agent.contract import AS_ROOT
from deploy.stack import HERE


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` if a known word is similar, else an empty text."""
    from difflib import get_close_matches

    plain = {name.lower().replace("-", "_"): name for name in known if abs(len(name) - len(word)) <= 4}
    near = get_close_matches(word.lower().replace("-", "_"), list(plain)[:300], n=1, cutoff=0.66)
    return f" (did you mean {plain[near[0]]}?)" if near else ""


def host_words(host: str) -> str:
    """Return a host as messages name it."""
    return "this machine" if host == HERE else host


def on_host(host: str) -> str:
    """Return the words for a place on a host, to stand behind a line to type; empty for this machine."""
    return "" if host == HERE else f" on {host}"


def as_root(host: str) -> str:
    """Return the next step of a person whose agent needs root on a host."""
    if host == HERE:
        return AS_ROOT
    return f"let the user that signs in on {host} run sudo, or sign in as root (`user:` at the host)"
