"""What a person may choose for user data whose place became another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Choice = Literal["move", "fresh", "found"]
Choices = Mapping[str, Choice]
"""What was chosen, by service; under the empty name, for every service."""
EVERY = ""
CHOICES: tuple[Choice, ...] = get_args(Choice)
