"""A GGUF file on this machine."""

from deploy.sources.weights.kind import Kind

KIND = Kind("file", is_on_host=True)
