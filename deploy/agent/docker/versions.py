"""Versions of Docker as its engine and plugins write them, with whatever a distribution hangs on."""

from __future__ import annotations

import re


def is_older(version: str, floor: str) -> bool:
    """Whether a version is below a floor; one without numbers, as of an own build, is not."""
    have, need = _numbers(version), _numbers(floor)
    width = max(len(have), len(need))
    return bool(have) and _filled(have, width) < _filled(need, width)


def _numbers(version: str) -> list[int]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(number) for number in found[1].split(".")] if found else []


def _filled(numbers: list[int], width: int) -> list[int]:
    return numbers + [0] * (width - len(numbers))
