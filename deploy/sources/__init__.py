"""Where a model comes from, one package per source: what is written, how it is locked, what the agent gets of it."""
