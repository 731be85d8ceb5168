"""The one door to programs that speak the protocol in which models are made."""

from __future__ import annotations

from deploy.protocols.ollama.programs import PROGRAMS as PROGRAMS
from deploy.protocols.ollama.programs import TITLE as TITLE
from deploy.protocols.ollama.programs import VARIABLE as VARIABLE
