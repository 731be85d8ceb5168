"""A stack's own folder on the host: its release, its secrets, and the records of its containers."""
