"""The one door to names of models, as the protocol in which they are made compares them."""

from __future__ import annotations

from deploy.agent.protocols.ollama.names import CLOUD as CLOUD
from deploy.agent.protocols.ollama.names import DEFAULT_TAG as DEFAULT_TAG
from deploy.agent.protocols.ollama.names import LOCAL as LOCAL
from deploy.agent.protocols.ollama.names import REGISTRY as REGISTRY
from deploy.agent.protocols.ollama.names import plain as plain
from deploy.agent.protocols.ollama.names import same as same
from deploy.agent.protocols.ollama.names import suffix as suffix
