"""Changes of a stack between applies: stop, start, build again, remove; and looks at it."""
