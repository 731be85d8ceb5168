"""A GGUF file beside kit.yaml."""

from deploy.sources.weights.kind import Kind

KIND = Kind("file", is_beside_spec=True)
