"""Sources of models, one module each: they bring a model's file to its place, or to an engine."""
