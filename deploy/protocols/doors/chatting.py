"""The one door to questions and answers: the protocols by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from deploy.protocols.answer import Ended, Message, Piece, Read
from deploy.protocols.ollama import chat as ollama
from deploy.protocols.openai import chat as openai


class Chat(Protocol):
    """The way in which one protocol asks and answers."""

    @property
    def PATH(self) -> str:  # noqa: N802 - a constant of each module
        """Path of a request for an answer, below the address of an engine."""

    @property
    def LISTING(self) -> tuple[str, str, str]:  # noqa: N802 - a constant of each module
        """Path of the list of models, its key in the answer, and the key of a model's name."""

    def question(self, _model: str, _messages: list[Message], /) -> dict[str, Any]:
        """Return the body of a request for an answer."""

    def heard(self, _lines: Iterable[bytes], _read: Read, /) -> Iterator[Piece | Ended]:
        """Yield an answer; without its end it broke off."""


PROTOCOLS: dict[str, Chat] = {"ollama": ollama, "openai": openai}
