"""Where models come from, one module per source: how its file gets to its place, or to an engine."""
