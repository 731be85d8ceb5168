"""The one door to Modelfiles as texts."""

from __future__ import annotations

from deploy.protocols.ollama.parse import Parsed as Parsed
from deploy.protocols.ollama.parse import parse as parse
from deploy.protocols.ollama.spec_lines import Entry as Entry
from deploy.protocols.ollama.spec_lines import is_address as is_address
from deploy.protocols.ollama.spec_lines import is_blob as is_blob
from deploy.protocols.ollama.spec_lines import is_path as is_path
from deploy.protocols.ollama.spec_lines import spec_entry as spec_entry
from deploy.protocols.ollama.spec_lines import spec_lines as spec_lines
from deploy.protocols.ollama.text import render as render
