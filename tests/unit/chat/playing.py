"""APIs that answer as real engines were recorded, or as no engine should."""

from __future__ import annotations

from deploy.chat.doors import Door
from tests.contract.replay import recorded
from tests.unit.agent.engines.scripted import Asked, Play

VERSION = "0.32.15"


def lines_of(title: str) -> list[bytes]:
    """The lines that a real engine answered with."""
    recording = next(one for one in recorded(VERSION) if one.title == title)
    return [line.encode() + b"\n" for line in recording.response.lines]


def playing(*pieces: bytes, ended: bool = True) -> Play:
    """Answer with these pieces, each as soon as it is sent."""

    def play(asked: Asked) -> None:
        asked.chunks(*pieces, ended=ended)

    return play


def door(url: str, protocol: str = "ollama", *models: str) -> Door:
    """An API that is not the kit's."""
    path = "/v1" if protocol == "openai" else ""
    return Door("mac", "here", protocol, url + path, models, None, is_managed=False)
