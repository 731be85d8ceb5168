"""The one door to the protocol in which models are made."""

from __future__ import annotations

from deploy.agent.protocols.ollama.engine import Engine as Engine
from deploy.agent.protocols.ollama.engine import Live as Live
from deploy.agent.protocols.ollama.memory import Memory as Memory
from deploy.agent.protocols.ollama.prompts import making as making
from deploy.agent.protocols.ollama.prompts import prompt as prompt
from deploy.agent.protocols.ollama.pulling import ensure_fits as ensure_fits
from deploy.agent.protocols.ollama.pulling import pull as pull
from deploy.agent.protocols.ollama.store import Stored as Stored
from deploy.agent.protocols.ollama.store import damages as damages
from deploy.agent.protocols.ollama.store import holds as holds
from deploy.agent.protocols.ollama.store import stored as stored
from deploy.agent.protocols.ollama.sync import Sync as Sync
