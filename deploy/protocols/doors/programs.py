"""The one door to programs that speak the protocol in which models are made."""

from __future__ import annotations

from deploy.protocols.ollama.programs import KEY_VARIABLE as NATIVE_KEY_VARIABLE
from deploy.protocols.ollama.programs import PROGRAMS, TITLE, VARIABLE

__all__ = ["NATIVE_KEY_VARIABLE", "PROGRAMS", "TITLE", "VARIABLE"]
