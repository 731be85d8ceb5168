"""The content of kit.yaml, typed and checked."""
