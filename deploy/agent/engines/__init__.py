"""Models as resources of an engine: what is there, what is missing, and how it gets there."""
