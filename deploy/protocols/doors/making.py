"""The one door to the protocol in which models are created from requests."""

from __future__ import annotations

from deploy.protocols.ollama.client import removal as removal
from deploy.protocols.ollama.grammar import BLANKS as BLANKS
from deploy.protocols.ollama.layers import Origin as Origin
from deploy.protocols.ollama.layers import inherited as inherited
from deploy.protocols.ollama.layers import layers as layers
from deploy.protocols.ollama.modelfile import BuiltIn as BuiltIn
from deploy.protocols.ollama.modelfile import Modelfile as Modelfile
from deploy.protocols.ollama.modelfile import Requires as Requires
from deploy.protocols.ollama.parameters import NAMES as NAMES
from deploy.protocols.ollama.parameters import OTHER_NAMES as OTHER_NAMES
from deploy.protocols.ollama.parameters import REFUSED as REFUSED
from deploy.protocols.ollama.parameters import Parameters as Parameters
from deploy.protocols.ollama.request import Inputs as Inputs
from deploy.protocols.ollama.request import create_request as create_request
from deploy.protocols.ollama.request import request_digest as request_digest
from deploy.protocols.ollama.template import Template as Template
from deploy.protocols.ollama.template import faults as faults
