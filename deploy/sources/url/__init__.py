"""A GGUF file at an address."""

from deploy.sources.weights.kind import Kind

KIND = Kind("url", staged=1)
"""A download is staged, for an interrupted one goes on; what is sent to an engine passes through."""
