"""Docker's version numbers as Docker and its plugins print them, with any suffix of a distribution."""

from __future__ import annotations

import re


def is_older(version: str, floor: str) -> bool:
    """True if a version is below a floor; a version without numbers, as of a private build, is not."""
    have, need = _numbers(version), _numbers(floor)
    width = max(len(have), len(need))
    return bool(have) and _filled(have, width) < _filled(need, width)


def _numbers(version: str) -> list[int]:
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(number) for number in match[1].split(".")] if match else []


def _filled(numbers: list[int], width: int) -> list[int]:
    return numbers + [0] * (width - len(numbers))
