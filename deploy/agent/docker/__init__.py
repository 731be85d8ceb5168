"""Docker on the host: its API, Compose, and the state of its containers."""
