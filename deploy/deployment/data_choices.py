"""Choices of a person for user data in a changed place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Choice = Literal["move", "fresh", "found"]
Choices = Mapping[str, Choice]
"""Service to the choice; the empty name means every service."""
EVERY = ""
CHOICES: tuple[Choice, ...] = get_args(Choice)
