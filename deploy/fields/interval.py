"""The interval of a job that looks at a host."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from deploy.fields.values import Duration

MINUTE = 60
"""Least interval: each look is work, also where nothing changed."""


def _at_least_a_minute(seconds: int) -> int:
    if seconds < MINUTE:
        raise PydanticCustomError("interval", "{value} is less than a minute; write 1m", {"value": f"{seconds}s"})
    return seconds


Interval = Annotated[Duration, AfterValidator(_at_least_a_minute)]
