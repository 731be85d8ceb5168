"""Changes of a stack between applies: stop, start, rebuild, remove; and views of it."""
