"""A file at an address, as kit.yaml names it."""

from __future__ import annotations

from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from deploy.fields.values import Sha256, Url
from deploy.sources.weights.written import FileWritten, whole
from deploy.strict import shown


def _of_file(value: str) -> str:
    """Refuse the address of a file's page, as a hub shows it beside the file itself."""
    if "/blob/" in urlsplit(value).path:
        wrong = "{value} is the page about the file; write /resolve/ in the place of /blob/"
        raise PydanticCustomError("url", wrong, {"value": shown(value)})
    return value


FileUrl = Annotated[Url, AfterValidator(_of_file), AfterValidator(whole)]


class UrlSource(FileWritten):
    """A GGUF file at an address."""

    words: ClassVar[str] = "`url`"

    url: FileUrl
    """Address of the file."""
    sha256: Sha256
    """sha256 of the file."""

    @property
    def place(self) -> str:
        """Return the address of the file."""
        return self.url
