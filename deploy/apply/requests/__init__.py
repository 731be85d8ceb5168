"""The agent's requests for changes to a host: made here, and passed on as they are."""
