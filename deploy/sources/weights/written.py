"""Fields of every source in kit.yaml, and the checks that several share."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from deploy.fields.values import SourcePath
from deploy.strict import Strict, shown

_PART = re.compile(r".*-[0-9]{5}-of-([0-9]{5})\.gguf", re.IGNORECASE | re.DOTALL)


class FileWritten(Strict):
    """A GGUF file from any source."""

    words: ClassVar[str]
    """Form of the source in messages."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Return the path, address or package that the file comes from."""

    @property
    def path(self) -> str:
        """Return its path on this machine; empty for a file from elsewhere."""
        return ""


def whole(value: str) -> str:
    """Refuse a part of a split model: engines get a single file."""
    part = _PART.fullmatch(urlsplit(value).path if "://" in value else value)
    if part and int(part[1]) > 1:
        wrong = "{value} is one of {parts} parts; join them with `llama-gguf-split --merge` and name the whole file"
        raise PydanticCustomError("file", wrong, {"value": shown(value), "parts": int(part[1])})
    return value


FilePath = Annotated[SourcePath, AfterValidator(whole)]
