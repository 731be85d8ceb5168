"""Sources of models, one package each: the spec's form, the pinned form, and the agent's form."""
