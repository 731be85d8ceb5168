"""Walks along references in a file: each step once, even in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Way = tuple[str, ...]
_MOST_SHOWN = 30


def cycles(graph: Mapping[str, Sequence[str]]) -> Iterator[Way]:
    """Yield the way of each cycle, from a node back to itself: one for every step that closes a cycle."""
    done: set[str] = set()
    for start in graph:
        # Not recursive: a file may hold a longer chain than Python's stack is deep.
        way: dict[str, Iterator[str]] = {} if start in done else {start: iter(graph[start])}
        while way:
            here = next(reversed(way))
            step = next(way[here], None)
            if step is None:
                done.add(here)
                del way[here]
            elif step in way:
                nodes = list(way)
                yield (*nodes[nodes.index(step) :], step)
            elif step in graph and step not in done:
                way[step] = iter(graph[step])


def way_text(names: Sequence[str]) -> str:
    """Return a way as `a -> b -> a`; the middle of a very long way is only counted."""
    if len(names) > _MOST_SHOWN:
        half = _MOST_SHOWN // 2
        names = (*names[:half], f"({len(names) - 2 * half} more)", *names[-half:])
    return " -> ".join(names)
