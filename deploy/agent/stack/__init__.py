"""A stack's own folder on the host: its release, its secrets, and what is remembered of its containers."""
