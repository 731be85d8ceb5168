"""Types of a user and group of a host, by their numbers."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from deploy.fields.values import matching, pattern_schema
from deploy.nearest import owner_near
from deploy.strict import shown

_OWNER = re.compile(r"([0-9]{1,9}):([0-9]{1,9})")
_FORM = matching(_OWNER, "UID:GID, two numbers", nearest=owner_near)
_SCHEMA = pattern_schema(_OWNER, "1000:1000")


def _not_root(words: str) -> AfterValidator:
    def check(value: str) -> str:
        if int(value.split(":")[0]) == 0:
            raise PydanticCustomError("name", "{value} is root; {words}", {"value": shown(value), "words": words})
        return value

    return AfterValidator(check)


Owner = Annotated[str, _FORM, _not_root("no service runs as root"), _SCHEMA]
PersonOwner = Annotated[
    str, _FORM, _not_root("write the person's own numbers (`id -u` and `id -g`), such as 1000:1000"), _SCHEMA
]
