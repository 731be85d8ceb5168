"""The field `on_failure` of kit.yaml."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from deploy.fields.interval import Interval
from deploy.fields.values import HostPath, Url
from deploy.strict import Strict


class OnFailure(Strict):
    """A call of each host when a backup fails or is missed, a service is dead, a disk is full, or a card is lost."""

    url: Url | None = None
    """Address that gets a POST; anybody who reads this file knows it. No plan shows it."""
    command: HostPath | None = None
    """Program on each host; it gets the JSON on standard input, and the sentence in the variable KIT_MESSAGE."""
    body: Literal["json", "plain"] = "json"
    """Body of the POST: json (with the sentence as `text`) or plain (the sentence alone)."""
    every: Interval = 300
    """Interval in which each host looks, at least `1m`; `5m` by default."""

    @model_validator(mode="after")
    def _calls_somebody(self) -> Self:
        if self.url is None and self.command is None:
            raise PydanticCustomError("on_failure", "this calls nobody; write a `url` or a `command`", {})
        return self
